#include "actors/services/http_shelf.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/access_service.hpp"
#include "actors/services/catalogue_desk.hpp"
#include "actors/services/http/content_right.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <map>
#include <openssl/rand.h>
#include <stdexcept>
#include <unordered_map>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto ask_timeout = 20s;
constexpr auto write_every = 2s;
/// Contents whose delivery is counted at once; then the longest quiet one is written and forgotten.
constexpr std::size_t max_counted = 4096;
/// Open contents that were found lately; then all are forgotten.
constexpr std::size_t max_known = 1024;
constexpr auto know_for = 10s;

bytes to_bytes(const slice& s) { return {s.view().begin(), s.view().end()}; }

/// Answers the door's questions, on its loop.
class http_shelf final : public runtime::loop_actor<caf::actor> {
public:
  http_shelf(caf::actor_config& config, runtime::loop& home, library_actor shelf,
             http_shelf_options options)
      : loop_actor(config, home), shelf_(std::move(shelf)), options_(std::move(options)) {}

  const char* name() const override { return "http-shelf"; }
  void on_exit() override {
    write_down();
    chores_.reset();
    shelf_ = nullptr;
    options_.deliveries = nullptr;
    known_.clear();
  }
  caf::behavior make_behavior() override {
    chores_ = runtime::on_loop<kj::Promise<void>>(home(),
                                                  chores().eagerlyEvaluate([](kj::Exception&&) {}));
    caf::anon_send(shelf_, watch_parties{caf::actor_cast<caf::weak_actor_ptr>(this)});
    return {[this](parties_changed) { look_again(); }};
  }

  void ask(http::http_question q, http::http_answer then) {
    if (!shelf_) return then(fail(errc::unavailable, "the node is stopping"));
    if (!options_.changes) return find(std::move(q), std::move(then));
    const auto change = options_.changes->load();
    const auto known = known_.find(q.name);
    if (known != known_.end() && known->second.change == change &&
        clock::now() - known->second.found_at < know_for)
      return then(known->second.content);
    auto text = q.name;
    find(std::move(q), [this, text = std::move(text), change,
                        then = std::move(then)](result<http::http_content> r) {
      // What is open is so for everybody, whatever they showed.
      if (r && r->open) keep(text, change, *r);
      then(std::move(r));
    });
  }

private:
  using clock = std::chrono::steady_clock;
  struct count {
    msg::ledger_entry entry;
    bool changed = false;
  };
  /// A token's hash and a content id.
  using claim = std::pair<bytes, bytes>;

  /// Whom a delivery is charged to and who took it.
  struct stakeholders {
    std::string tenant;
    std::string party;
  };
  using served_key = std::tuple<bytes, std::string, std::string>;

  struct known_content {
    http::http_content content;
    std::uint64_t change = 0;
    clock::time_point found_at{};
  };

  void keep(const std::string& text, std::uint64_t change, const http::http_content& content) {
    if (known_.size() >= max_known) known_.clear();
    known_.insert_or_assign(text, known_content{content, change, clock::now()});
  }

  void find(http::http_question q, http::http_answer then) {
    auto names = options_.read_name(q.name);
    look_up(std::move(names), 0, std::move(q), std::move(then));
  }

  /// One candidate after the other.
  void look_up(std::vector<msg::name> names, std::size_t at, http::http_question q,
               http::http_answer then) {
    if (at >= names.size()) return then(fail(errc::not_found, "no such content"));
    const auto name = names[at];
    if (name.overlay == stored_overlay)
      return open(
          name, name.key,
          [this, names, at, q, then](result<http::http_content> r) {
            const bool other = !r && r.error().code == errc::not_found;
            other ? look_up(names, at + 1, q, then) : then(std::move(r));
          },
          q);
    request(shelf_, ask_timeout, bridge::names_of{name})
        .then(
            [this, names, at, q, then](const bridge::names_group& g) {
              const auto stored =
                  std::find_if(g.records.begin(), g.records.end(),
                               [](const auto& r) { return r.name.overlay == stored_overlay; });
              if (stored == g.records.end()) return look_up(names, at + 1, q, then);
              open(names[at], stored->name.key, then, q);
            },
            [then](const caf::error& e) { then(tl::unexpected(runtime::to_error(e))); });
  }

  void open(const msg::name& asked, const slice& id, http::http_answer then,
            const http::http_question& q) {
    request(shelf_, ask_timeout, open_stored{id})
        .then(
            [this, asked, then, q](const opened_stored& r) {
              const auto& all = r.publications;
              const auto shown = std::find_if(all.begin(), all.end(),
                                              [](const msg::publication& p) { return p.open; });
              if (shown != all.end()) return give(asked, r, *shown, {}, then);
              if (all.empty()) return then(fail(errc::not_found, "no such content"));
              if (q.signed_ok) return give(asked, r, all.front(), {}, then);
              if (!q.bearer_token.empty()) return open_for_party(asked, r, q.bearer_token, then);
              // Who may not see it is told what all are told of contents that are not there.
              then(fail(errc::not_found, "no such content"));
            },
            [then](const caf::error& e) { then(tl::unexpected(runtime::to_error(e))); });
  }

  void open_for_party(const msg::name& asked, const opened_stored& r, const std::string& token,
                      const http::http_answer& then) {
    const auto hash = token_hash(token);
    request(shelf_, ask_timeout, msg::catalogue_party{hash})
        .then(
            [this, asked, r, hash, then](const msg::catalogue_party_result& x) {
              const auto* may = shown_to(x.party, r.publications);
              if (may == nullptr) return then(fail(errc::not_found, "no such content"));
              give(asked, r, *may, x.party.name, then, right_of(hash, r.content.record.content_id));
            },
            // A wrong token is told what no token is told.
            [then](const caf::error& e) {
              const auto why = runtime::to_error(e);
              const bool wrong = why.code == errc::denied || why.code == errc::not_found;
              then(wrong ? fail(errc::not_found, "no such content") : tl::unexpected(why));
            });
  }

  static const msg::publication* shown_to(const msg::party& who,
                                          const std::vector<msg::publication>& all) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& p) { return who.take && may_have(who, p); });
    return found == all.end() ? nullptr : &*found;
  }

  /// One for all transfers of the content by that token.
  std::shared_ptr<http::content_right> right_of(const slice& token, const slice& content_id) {
    auto& known = rights_[{to_bytes(token), to_bytes(content_id)}];
    auto out = known.lock();
    if (!out) known = out = std::make_shared<http::content_right>(home());
    return out;
  }

  void look_again() {
    forget_unused_rights();
    for (const auto& [what, right] : rights_) look_again(what);
  }

  void look_again(const claim& what) {
    request(shelf_, ask_timeout, msg::catalogue_party{slice(bytes(what.first))})
        .then(
            [this, what](const msg::catalogue_party_result& x) {
              request(shelf_, ask_timeout, open_stored{slice(bytes(what.second))})
                  .then(
                      [this, what, who = x.party](const opened_stored& r) {
                        if (shown_to(who, r.publications) == nullptr) end_right(what);
                      },
                      // Withdrawn by all: who reads it already may finish.
                      [](const caf::error&) {});
            },
            [this, what](const caf::error& e) {
              const auto code = runtime::to_error(e).code;
              // An unreachable catalogue says nothing about anybody.
              if (code == errc::denied || code == errc::not_found) end_right(what);
            });
  }

  void end_right(const claim& what) {
    const auto found = rights_.find(what);
    if (found == rights_.end()) return;
    if (const auto right = found->second.lock()) right->end();
    rights_.erase(found);
  }

  void forget_unused_rights() {
    std::erase_if(rights_, [](const auto& r) { return r.second.expired(); });
  }

  void give(const msg::name& asked, const opened_stored& r, const msg::publication& p,
            const std::string& party, const http::http_answer& then,
            std::shared_ptr<http::content_right> right = {}) {
    http::http_content out;
    out.source = r.source;
    out.size = r.content.record.size;
    out.media_type = p.media_type;
    out.file_name = p.title;
    out.etag = to_hex(r.content.record.content_id);
    out.modified = p.published_at;
    out.open = p.open;
    out.right = std::move(right);
    if (options_.cache)
      out.at_hand = [cache = options_.cache, chunks = r.content.chunks,
                     size = out.size](const byte_range& range) {
        return storage::find_range(*cache, chunks, size, range);
      };
    const auto self = caf::actor_cast<caf::weak_actor_ptr>(this);
    out.sent = [this, self, asked, id = to_bytes(p.content_id),
                who = stakeholders{p.tenant, party}](std::uint64_t bytes) {
      if (caf::actor_cast<caf::strong_actor_ptr>(self)) sent(asked, id, who, bytes);
    };
    then(std::move(out));
  }

  void sent(const msg::name& asked, const bytes& content_id, const stakeholders& who,
            std::uint64_t bytes) {
    if (served_.size() >= max_counted) tell_served();
    served_[{content_id, who.tenant, who.party}] += bytes;
    const std::tuple key(asked.overlay, to_bytes(asked.key), who.tenant);
    auto at = counts_.find(key);
    if (at == counts_.end()) {
      if (counts_.size() >= max_counted) {
        write_down();
        counts_.clear();
      }
      at = counts_.emplace(key, count{}).first;
      auto& e = at->second.entry;
      interswarm::bytes receipt(16);
      if (RAND_bytes(receipt.data(), static_cast<int>(receipt.size())) != 1)
        throw std::runtime_error("the system gives no random bytes");
      e.receipt = slice(std::move(receipt));
      e.from_domain = options_.domain;
      e.from_overlay = stored_overlay;
      e.to_domain = options_.domain;
      e.to_overlay = "http";
      e.content_name = asked;
      e.tenant = who.tenant;
      e.role = msg::ledger_entry_role::giver;
      e.first_at = runtime::unix_ms();
    }
    at->second.entry.bytes += bytes;
    at->second.entry.last_at = runtime::unix_ms();
    at->second.changed = true;
  }

  void tell_served() {
    for (const auto& [key, sum] : served_) {
      if (!options_.deliveries) break;
      const auto& [content_id, tenant, party] = key;
      caf::anon_send(options_.deliveries,
                     delivered{"http",
                               {std::string(stored_overlay), slice::copy_of(content_id)},
                               tenant,
                               party,
                               sum});
    }
    served_.clear();
  }

  void write_down() {
    tell_served();
    bridge::ledger_enter out;
    for (auto& [key, c] : counts_)
      if (std::exchange(c.changed, false)) out.entries.push_back(c.entry);
    if (!out.entries.empty() && shelf_) caf::anon_send(shelf_, std::move(out));
  }

  kj::Promise<void> chores() {
    return home()
        .timer()
        .afterDelay(std::chrono::milliseconds(write_every).count() * kj::MILLISECONDS)
        .then([this] {
          write_down();
          forget_unused_rights();
          return chores();
        });
  }

  library_actor shelf_;
  http_shelf_options options_;
  std::unordered_map<std::string, known_content> known_;
  /// By name and tenant.
  std::map<std::tuple<std::string, bytes, std::string>, count> counts_;
  /// Bytes since the desk was told, by content, tenant and party.
  std::map<served_key, std::uint64_t> served_;
  /// Those by which something is being sent.
  std::map<claim, std::weak_ptr<http::content_right>> rights_;
  runtime::on_loop<kj::Promise<void>> chores_;
};

} // namespace

result<http::http_door> spawn_http_shelf(runtime::loop& home, library_actor shelf,
                                         http_shelf_options options) {
  const caf::actor desk = runtime::spawn_on<http_shelf>(home, std::move(shelf), options);
  auto* const at = static_cast<http_shelf*>(caf::actor_cast<caf::abstract_actor*>(desk));
  // Both are on `home`: the door calls the desk as it would any function there.
  auto door = http::spawn_http_door(home, std::move(options.door),
                                    [desk, at](http::http_question q, http::http_answer then) {
                                      at->ask(std::move(q), std::move(then));
                                    });
  if (!door) caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
  return door;
}

} // namespace interswarm::services
