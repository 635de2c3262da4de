#include "actors/services/library.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/catalogue_desk.hpp"
#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <set>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto library_ask_timeout = 10s;
constexpr auto list_timeout = 60s;
constexpr std::uint32_t watch_ms = 30'000;
constexpr auto tick_interval = 2s;
/// Another service node may have published or revoked without our hearing of it.
constexpr auto list_at_least_every = 30s;
constexpr auto keep_open = 60s;
constexpr std::size_t max_open = 4096;
/// Entries may be written this long after the time they bear.
constexpr std::int64_t ledger_overlap_ms = 30'000;

bytes key_of(const slice& id) { return {id.view().begin(), id.view().end()}; }

msg::name_record record_of(const msg::publication& p) {
  msg::name_record out;
  out.name = {std::string(stored_overlay), p.content_id};
  out.size = p.size;
  out.content_id = p.content_id;
  out.evidence = msg::evidence::structural;
  out.permission = p.open ? msg::permission::allowed : msg::permission::forbidden;
  out.expires = p.expires;
  out.title = p.title;
  out.uri = to_hex(p.content_id);
  return out;
}

} // namespace

library::library(caf::actor_config& config, runtime::loop& home, library_context context)
    : loop_actor(config, home), ctx_(std::move(context)) {}

library::~library() noexcept = default;

void library::on_exit() {
  hand_over_ledger();
  members_.clear();
  open_.clear();
  newest_.clear();
  ctx_ = {};
}

library::behavior_type library::make_behavior() {
  handed_over_ms_ = runtime::unix_ms() - 24 * 3600 * 1000;
  delayed_send(this, tick_interval, library_tick{});
  using bridge::names_group;
  return {
      // What a message handler learns of names changes nothing here: publishing does.
      [](bridge::names_link& x) { return names_group{std::move(x.records)}; },
      [this](const bridge::names_of& x) {
        return ask_and_answer<names_group, msg::catalogue_names_result>(
            msg::catalogue_names{x.name},
            [](msg::catalogue_names_result& r) { return names_group{std::move(r.records)}; });
      },
      [this](const bridge::names_all& x) {
        const auto count = std::min<std::size_t>(newest_.size(), x.limit);
        return names_group{{newest_.begin(), newest_.begin() + static_cast<std::ptrdiff_t>(count)}};
      },
      [this](const bridge::names_search& x) {
        msg::catalogue_search question;
        question.query.words = x.words;
        question.query.open_only = true;
        question.limit = x.limit;
        return ask_and_answer<names_group, msg::catalogue_search_result>(
            std::move(question), [](msg::catalogue_search_result& r) {
              names_group out;
              for (const auto& p : r.publications) out.records.push_back(record_of(p));
              return out;
            });
      },
      [](const bridge::names_learn&) {},
      [](const bridge::names_verify&) -> caf::result<names_group> {
        return runtime::make_caf_error(errc::unimplemented, "contents are published here");
      },
      [](const bridge::names_refute& x) {
        runtime::log().error("a stored content does not match its name {}:{}", x.first.overlay,
                             to_hex(x.first.key));
      },
      [this](bridge::ledger_enter& x) -> caf::result<void> {
        return delegate(ctx_.books, std::move(x));
      },
      [this](const bridge::ledger_since& x) -> caf::result<bridge::ledger_list> {
        return delegate(ctx_.books, x);
      },
      [this](const bridge::ledger_page_wanted& x) -> caf::result<bridge::ledger_list> {
        return delegate(ctx_.books, x);
      },
      [](bridge::books_closing) {},
      [this](catalogue_up& x) { add(x); },
      [this](const catalogue_down& x) { members_.erase(x.member); },
      [this](const open_stored& x) { return open(x.content_id); },
      [this](const msg::catalogue_search& x) { return pass_on<msg::catalogue_search_result>(x); },
      [this](const msg::catalogue_party& x) { return pass_on<msg::catalogue_party_result>(x); },
      [this](const msg::catalogue_parties& x) { return pass_on<msg::catalogue_parties_result>(x); },
      [this](const msg::catalogue_add_party& x) {
        return pass_on<msg::catalogue_add_party_result>(x);
      },
      [this](const msg::catalogue_revoke_party& x) { return revoke(x); },
      [this](const watch_parties& x) { party_watchers_.push_back(x.who); },
      [this](const msg::catalogue_deliver& x) { return pass_on<msg::catalogue_deliver_result>(x); },
      [this](const msg::catalogue_accounts& x) {
        return pass_on<msg::catalogue_accounts_result>(x);
      },
      [this](const msg::catalogue_party_accounts& x) {
        return pass_on<msg::catalogue_party_accounts_result>(x);
      },
      [this](library_tick) { tick(); },
  };
}

template <class Result, class Question>
void library::ask(Question question, std::function<void(result<Result>)> then, std::size_t tried) {
  if (tried >= members_.size())
    return then(fail(errc::unavailable, "no service node of the cluster answers"));
  const auto& to = std::next(members_.begin(), static_cast<std::ptrdiff_t>(tried))->second;
  request(to.catalogue, library_ask_timeout, question)
      .then([then](Result& r) { then(std::move(r)); },
            [this, question, then, tried](const caf::error& e) {
              auto why = runtime::to_error(e);
              const bool other = why.code == errc::timed_out || why.code == errc::unavailable ||
                                 why.code == errc::disconnected || why.code == errc::cancelled;
              if (other && tried + 1 < members_.size()) return ask(question, then, tried + 1);
              then(tl::unexpected(std::move(why)));
            });
}

template <class Answer, class Result, class Question>
caf::result<Answer> library::ask_and_answer(Question question,
                                            std::function<Answer(Result&)> make) {
  auto promise = make_response_promise<Answer>();
  ask<Result>(std::move(question), [promise, make](result<Result> r) mutable {
    if (r) {
      promise.deliver(make(*r));
    } else {
      promise.deliver(runtime::make_caf_error(r.error()));
    }
  });
  return promise;
}

template <class Result, class Question>
caf::result<Result> library::pass_on(Question question) {
  return ask_and_answer<Result, Result>(std::move(question),
                                        [](Result& r) { return std::move(r); });
}

void library::add(catalogue_up& x) {
  members_.insert_or_assign(x.member, member{std::move(x.catalogue), 0});
  watch(x.member);
  list_anew();
}

caf::result<void> library::revoke(const msg::catalogue_revoke_party& x) {
  if (members_.empty())
    return runtime::make_caf_error(errc::unavailable, "no service node of the cluster answers");
  return delegate(members_.begin()->second.catalogue, x);
}

void library::watch(const std::string& name) {
  const auto at = members_.find(name);
  if (at == members_.end()) return;
  const auto handle = at->second.catalogue;
  request(handle, std::chrono::milliseconds(watch_ms) + library_ask_timeout,
          msg::catalogue_changed{at->second.version, watch_ms})
      .then(
          [this, name, handle](const msg::catalogue_changed_result& r) {
            const auto found = members_.find(name);
            if (found == members_.end() || found->second.catalogue != handle) return;
            if (std::exchange(found->second.version, r.version) != r.version) {
              for (auto& [id, o] : open_) o.used_at = {};
              if (ctx_.changes) ++*ctx_.changes;
              tell_parties_changed();
              list_anew();
            }
            watch(name);
          },
          // It comes back as a new one.
          [](const caf::error&) {});
}

void library::tell_parties_changed() {
  std::erase_if(party_watchers_, [](const caf::weak_actor_ptr& w) {
    const auto who = caf::actor_cast<caf::strong_actor_ptr>(w);
    if (who) caf::anon_send(caf::actor_cast<caf::actor>(who), parties_changed{});
    return !who;
  });
}

void library::list_anew() {
  listed_at_ = clock::now();
  if (std::exchange(listing_, true)) {
    again_ = true;
    return;
  }
  request_list();
}

void library::request_list() {
  again_ = false;
  ask<msg::catalogue_newest_result>(msg::catalogue_newest{max_newest},
                                    [this](result<msg::catalogue_newest_result> r) {
                                      listing_ = false;
                                      if (r) take_list(std::move(r->records));
                                      if (again_) list_anew();
                                    });
}

void library::take_list(std::vector<msg::name_record> records) {
  std::set<std::pair<std::string, bytes>> now;
  for (const auto& r : records) now.emplace(r.name.overlay, key_of(r.name.key));
  std::vector<msg::name> gone;
  for (const auto& r : newest_)
    if (!now.contains({r.name.overlay, key_of(r.name.key)})) gone.push_back(r.name);
  newest_ = std::move(records);
  if (ctx_.changed) ctx_.changed(newest_);
  for (const auto& name : gone) {
    // It may only be too old for the list.
    ask<msg::catalogue_names_result>(
        msg::catalogue_names{name}, [this, name](result<msg::catalogue_names_result> r) {
          if (!r || !ctx_.withdrawn) return;
          const bool stored =
              std::any_of(r->records.begin(), r->records.end(), [](const msg::name_record& known) {
                return known.name.overlay == stored_overlay &&
                       known.permission != msg::permission::forbidden;
              });
          if (!stored) ctx_.withdrawn(name);
        });
  }
}

caf::result<opened_stored> library::open(const slice& content_id) {
  const auto known = open_.find(key_of(content_id));
  if (known != open_.end() && clock::now() - known->second.used_at < keep_open) {
    known->second.used_at = clock::now();
    return known->second.opened;
  }
  auto promise = make_response_promise<opened_stored>();
  ask<msg::catalogue_content_result>(
      msg::catalogue_content{content_id},
      [this, promise, content_id](result<msg::catalogue_content_result> r) mutable {
        if (!r) {
          promise.deliver(runtime::make_caf_error(r.error()));
          return;
        }
        auto content = r->content;
        const auto* payer = payer_of(r->publications);
        if (ctx_.payers && payer != nullptr) ctx_.payers->note(content_id, payer->tenant);
        request(ctx_.network, library_ask_timeout, msg::storage_network_open{content})
            .then(
                [this, promise, content, content_id, publications = std::move(r->publications)](
                    const msg::storage_network_open_result& x) mutable {
                  opened_stored out{x.source, content, publications};
                  if (open_.size() < max_open)
                    open_.insert_or_assign(key_of(content_id), open_content{out, clock::now()});
                  promise.deliver(std::move(out));
                },
                [promise](const caf::error& e) mutable { promise.deliver(e); });
      });
  return promise;
}

void library::hand_over_ledger() {
  if (handing_over_ || members_.empty() || !ctx_.books) return;
  handing_over_ = true;
  const auto begun = runtime::unix_ms();
  const auto over = [this] { handing_over_ = false; };
  request(ctx_.books, list_timeout,
          bridge::ledger_since{handed_over_ms_, static_cast<std::uint32_t>(limits::ledger_batch)})
      .then(
          [this, begun, over](bridge::ledger_list& x) {
            if (x.entries.empty()) {
              handed_over_ms_ = begun - ledger_overlap_ms;
              return over();
            }
            const bool more = x.entries.size() == limits::ledger_batch;
            const auto last = x.entries.back().last_at;
            if (members_.empty()) return over();
            request(members_.begin()->second.catalogue, list_timeout,
                    msg::catalogue_account{std::move(x.entries)})
                .then(
                    [this, begun, over, more, last] {
                      handed_over_ms_ = more ? last : begun - ledger_overlap_ms;
                      over();
                    },
                    [over](const caf::error&) { over(); });
          },
          [over](const caf::error&) { over(); });
}

void library::tick() {
  delayed_send(this, tick_interval, library_tick{});
  hand_over_ledger();
  const auto now = clock::now();
  std::erase_if(open_, [&](const auto& o) { return now - o.second.used_at > keep_open; });
  if (!members_.empty() && now - listed_at_ > list_at_least_every) {
    tell_parties_changed();
    list_anew();
  }
}

} // namespace interswarm::services
