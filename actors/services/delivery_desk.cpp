#include "actors/services/delivery_desk.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/payer_book.hpp"
#include "storage/delivery_tally.hpp"
#include "storage/served_table.hpp"

#include <algorithm>
#include <openssl/rand.h>
#include <optional>
#include <stdexcept>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto tick_interval = 1s;
constexpr auto delivery_ask_timeout = 30s;
/// As long as the library keeps a content open.
constexpr auto payer_lasts = 60s;
/// A page of deliveries on its way to the catalogue.
constexpr std::size_t handed_at_once = 1000;
/// What the catalogue has is kept here so long, for people.
constexpr std::int64_t keep_handed_s = 7 * 86'400;
constexpr auto delivery_prune_every = 1h;

slice random_receipt() {
  bytes out(16);
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
    throw std::runtime_error("the system gives no random bytes");
  return slice(std::move(out));
}

struct delivery_books {
  std::unique_ptr<database> db;
  std::unique_ptr<served_table> served;
};

class delivery_desk final : public runtime::loop_actor<delivery_desk_actor> {
public:
  delivery_desk(caf::actor_config& config, runtime::loop& home,
                std::shared_ptr<delivery_books> kept, std::string node, library_actor shelf)
      : loop_actor(config, home), kept_(std::move(kept)), tally_(std::move(node), random_receipt),
        shelf_(std::move(shelf)) {}
  ~delivery_desk() noexcept override = default;

  const char* name() const override { return "delivery-desk"; }
  void on_exit() override {
    kept_.reset();
    shelf_ = nullptr;
  }
  behavior_type make_behavior() override {
    // As in the name transfer: an exit message overtakes what waits in the mailbox.
    set_exit_handler([this](caf::exit_msg&) { send(this, deliveries_closing{}); });
    delayed_send(this, tick_interval, delivery_tick{});
    return {
        [this](const delivered& x) { count(x); },
        [this](delivery_tick) { tick(); },
        [this](deliveries_closing) {
          while (!sought_.empty()) found(name_key(sought_.begin()->first), nullptr);
          write_down();
          quit(caf::exit_reason::user_shutdown);
        },
    };
  }

private:
  using name_key = std::pair<std::string, bytes>;
  struct payer {
    slice content_id;
    std::string tenant;
    clock::time_point known_at{};
  };
  /// Bytes that wait for it to be known whose content they are.
  struct sought {
    std::string overlay;
    std::uint64_t bytes = 0;
    bool asking = false;
  };

  static name_key key_of(const msg::name& n) {
    return {n.overlay, {n.key.view().begin(), n.key.view().end()}};
  }

  void count(const delivered& x) {
    if (!x.tenant.empty()) {
      msg::delivery d;
      d.overlay = x.overlay;
      d.content_id = x.name.key;
      d.tenant = x.tenant;
      d.party = x.party;
      d.bytes = x.bytes;
      return add(d);
    }
    const auto key = key_of(x.name);
    const auto known = payers_.find(key);
    if (known != payers_.end() && clock::now() - known->second.known_at < payer_lasts)
      return attribute(x.overlay, &known->second, x.bytes);
    if (sought_.size() >= max_payers_sought && !sought_.contains(key))
      return attribute(x.overlay, nullptr, x.bytes);
    auto& s = sought_[key];
    s.overlay = x.overlay;
    s.bytes += x.bytes;
    seek(x.name);
  }

  /// Bytes that nobody is known to pay for are counted as nobody's.
  void attribute(const std::string& overlay, const payer* who, std::uint64_t count) {
    msg::delivery d;
    d.overlay = overlay;
    d.bytes = count;
    if (who != nullptr) {
      d.content_id = who->content_id;
      d.tenant = who->tenant;
    }
    add(d);
  }

  void add(const msg::delivery& d) {
    if (tally_.add(d, runtime::unix_ms())) return;
    write_down();
    if (tally_.add(d, runtime::unix_ms())) return;
    if (!std::exchange(told_lost_, true))
      runtime::log().error("deliveries cannot be written down and are not counted any more");
  }

  void seek(const msg::name& name) {
    const auto key = key_of(name);
    const auto at = sought_.find(key);
    if (at == sought_.end() || std::exchange(at->second.asking, true) || !shelf_) return;
    const auto failed = [this, key](const caf::error& e) {
      const auto code = runtime::to_error(e).code;
      if (code == errc::not_found) return found(key, nullptr);
      // It is asked again with the next tick.
      if (const auto waiting = sought_.find(key); waiting != sought_.end())
        waiting->second.asking = false;
    };
    request(shelf_, delivery_ask_timeout, bridge::names_of{name})
        .then(
            [this, key, failed](const bridge::names_group& g) {
              const auto stored =
                  std::find_if(g.records.begin(), g.records.end(),
                               [](const auto& r) { return r.name.overlay == stored_overlay; });
              if (stored == g.records.end()) return found(key, nullptr);
              request(shelf_, delivery_ask_timeout, open_stored{stored->name.key})
                  .then(
                      [this, key](const opened_stored& o) {
                        const auto* p = payer_of(o.publications);
                        if (p == nullptr) return found(key, nullptr);
                        const payer who{o.content.record.content_id, p->tenant, clock::now()};
                        found(key, &who);
                      },
                      failed);
            },
            failed);
  }

  /// Who was withdrawn while it was served pays for the rest, too.
  void found(const name_key& key, const payer* who) {
    const auto at = sought_.find(key);
    if (at == sought_.end()) return;
    const auto waiting = at->second;
    sought_.erase(at);
    if (who != nullptr) {
      if (payers_.size() >= max_payers_sought) payers_.clear();
      payers_.insert_or_assign(key, *who);
    }
    const auto known = payers_.find(key);
    attribute(waiting.overlay, known == payers_.end() ? nullptr : &known->second, waiting.bytes);
  }

  void write_down() {
    for (;;) {
      const auto some = tally_.take_changed(limits::served_batch, runtime::unix_ms());
      if (some.empty()) return;
      if (auto ok = kept_->served->record(some); !ok) {
        tally_.give_back(some);
        runtime::log().error("deliveries were not written down: {}", to_string(ok.error()));
        return;
      }
    }
  }

  void hand_over() {
    if (handing_over_) return;
    auto some = kept_->served->to_hand_over(handed_at_once);
    if (!some || some->empty()) return;
    handing_over_ = true;
    request(shelf_, delivery_ask_timeout, msg::catalogue_deliver{*some})
        .then(
            [this, entries = *some](const msg::catalogue_deliver_result&) {
              handing_over_ = false;
              if (auto ok = kept_->served->handed_over(entries); !ok) return;
              if (entries.size() == handed_at_once) hand_over();
            },
            // The catalogue enters twice without harm what comes twice.
            [this](const caf::error&) { handing_over_ = false; });
  }

  void tick() {
    delayed_send(this, tick_interval, delivery_tick{});
    std::vector<msg::name> again;
    for (const auto& [key, s] : sought_)
      if (!s.asking) again.push_back({key.first, slice::copy_of(key.second)});
    for (const auto& name : again) seek(name);
    write_down();
    hand_over();
    const auto now = clock::now();
    if (pruned_at_ && now - *pruned_at_ < delivery_prune_every) return;
    pruned_at_ = now;
    if (auto gone = kept_->served->prune(runtime::unix_seconds() - keep_handed_s, true); !gone)
      runtime::log().warn("old deliveries were not removed: {}", to_string(gone.error()));
  }

  std::shared_ptr<delivery_books> kept_;
  delivery_tally tally_;
  library_actor shelf_;
  std::map<name_key, payer> payers_;
  std::map<name_key, sought> sought_;
  bool handing_over_ = false;
  bool told_lost_ = false;
  std::optional<clock::time_point> pruned_at_;
};

} // namespace

result<delivery_desk_actor> spawn_delivery_desk(runtime::loop& home, const std::string& file,
                                                std::string node, library_actor shelf) {
  auto kept = std::make_shared<delivery_books>();
  auto db = database::open(file);
  if (!db) return tl::unexpected(db.error());
  kept->db = std::move(*db);
  kept->served = std::make_unique<served_table>(*kept->db);
  return runtime::spawn_on<delivery_desk>(home, std::move(kept), std::move(node), std::move(shelf));
}

} // namespace interswarm::services
