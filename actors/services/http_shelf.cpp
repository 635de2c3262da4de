#include "actors/services/http_shelf.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/access_service.hpp"
#include "actors/services/catalogue_desk.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <map>
#include <openssl/rand.h>
#include <stdexcept>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto ask_timeout = 20s;
constexpr auto write_every = 2s;
/// Contents whose delivery is counted at once; then the longest quiet one is written and forgotten.
constexpr std::size_t max_counted = 4096;

/// Answers the door's questions, on its loop.
class http_shelf final : public runtime::loop_actor<caf::actor> {
public:
  http_shelf(caf::actor_config& config, runtime::loop& home, library_actor shelf,
             std::string domain,
             std::function<std::vector<msg::name>(const std::string&)> read_name)
      : loop_actor(config, home), shelf_(std::move(shelf)), domain_(std::move(domain)),
        read_name_(std::move(read_name)) {}

  const char* name() const override { return "http-shelf"; }
  void on_exit() override {
    write_down();
    chores_.reset();
    shelf_ = nullptr;
  }
  caf::behavior make_behavior() override {
    chores_ = runtime::on_loop<kj::Promise<void>>(home(),
                                                  chores().eagerlyEvaluate([](kj::Exception&&) {}));
    return {[](caf::unit_t) {}};
  }

  void ask(http::http_question q, http::http_answer then) {
    if (!shelf_) return then(fail(errc::unavailable, "the node is stopping"));
    auto names = read_name_(q.name);
    look_up(std::move(names), 0, std::move(q), std::move(then));
  }

private:
  struct count {
    msg::ledger_entry entry;
    bool changed = false;
  };

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
              if (shown != all.end()) return give(asked, r, *shown, then);
              if (all.empty()) return then(fail(errc::not_found, "no such content"));
              if (q.signed_ok) return give(asked, r, all.front(), then);
              if (!q.bearer_token.empty()) return open_for_party(asked, r, q.bearer_token, then);
              // Who may not see it is told what all are told of contents that are not there.
              then(fail(errc::not_found, "no such content"));
            },
            [then](const caf::error& e) { then(tl::unexpected(runtime::to_error(e))); });
  }

  void open_for_party(const msg::name& asked, const opened_stored& r, const std::string& token,
                      const http::http_answer& then) {
    request(shelf_, ask_timeout, msg::catalogue_party{token_hash(token)})
        .then(
            [this, asked, r, then](const msg::catalogue_party_result& x) {
              const auto may =
                  std::find_if(r.publications.begin(), r.publications.end(),
                               [&](const auto& p) { return x.party.take && may_have(x.party, p); });
              if (may != r.publications.end()) return give(asked, r, *may, then);
              then(fail(errc::not_found, "no such content"));
            },
            // A wrong token is told what no token is told.
            [then](const caf::error& e) {
              const auto why = runtime::to_error(e);
              const bool wrong = why.code == errc::denied || why.code == errc::not_found;
              then(wrong ? fail(errc::not_found, "no such content") : tl::unexpected(why));
            });
  }

  void give(const msg::name& asked, const opened_stored& r, const msg::publication& p,
            const http::http_answer& then) {
    http::http_content out;
    out.source = r.source;
    out.size = r.content.record.size;
    out.media_type = p.media_type;
    out.file_name = p.title;
    out.etag = to_hex(r.content.record.content_id);
    out.modified = p.published_at;
    out.open = p.open;
    const auto self = caf::actor_cast<caf::weak_actor_ptr>(this);
    out.sent = [this, self, asked, tenant = p.tenant](std::uint64_t bytes) {
      if (caf::actor_cast<caf::strong_actor_ptr>(self)) sent(asked, tenant, bytes);
    };
    then(std::move(out));
  }

  void sent(const msg::name& asked, const std::string& tenant, std::uint64_t bytes) {
    const std::pair key(asked.overlay,
                        interswarm::bytes(asked.key.view().begin(), asked.key.view().end()));
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
      e.from_domain = domain_;
      e.from_overlay = stored_overlay;
      e.to_domain = domain_;
      e.to_overlay = "http";
      e.content_name = asked;
      e.tenant = tenant;
      e.role = msg::ledger_entry_role::giver;
      e.first_at = runtime::unix_ms();
    }
    at->second.entry.bytes += bytes;
    at->second.entry.last_at = runtime::unix_ms();
    at->second.changed = true;
  }

  void write_down() {
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
          return chores();
        });
  }

  library_actor shelf_;
  std::string domain_;
  std::function<std::vector<msg::name>(const std::string&)> read_name_;
  std::map<std::pair<std::string, bytes>, count> counts_;
  runtime::on_loop<kj::Promise<void>> chores_;
};

} // namespace

result<http::http_door> spawn_http_shelf(runtime::loop& home, library_actor shelf,
                                         http_shelf_options options) {
  const caf::actor desk = runtime::spawn_on<http_shelf>(
      home, std::move(shelf), std::move(options.domain), std::move(options.read_name));
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
