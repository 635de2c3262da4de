#include "actors/services/account_reader.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <algorithm>

namespace interswarm::services {

namespace {

caf::error refuse(const error& e) { return runtime::make_caf_error(e); }
caf::error ended() { return refuse({errc::unavailable, "the catalogue has ended; ask again"}); }
std::size_t at_most(std::uint32_t limit) { return limit == 0 ? limits::account_listing : limit; }

class account_reader final : public runtime::loop_actor<msg::accounts_actor> {
public:
  account_reader(caf::actor_config& config, runtime::loop& home, std::weak_ptr<accounts> books,
                 charging_options charging, account_scope scope)
      : loop_actor(config, home), books_(std::move(books)), charging_(std::move(charging)),
        scope_(std::move(scope)) {}

  const char* name() const override { return "account-reader"; }
  behavior_type make_behavior() override {
    return {
        [this](const msg::accounts_list& x) { return list(x); },
        [this](const msg::accounts_deliveries& x) { return deliveries(x); },
        [this](const msg::accounts_keepings& x) { return keepings(x); },
    };
  }

private:
  caf::result<msg::accounts_list_result> list(const msg::accounts_list& x) {
    const auto books = books_.lock();
    if (!books) return ended();
    if (x.kind > msg::account_kind::party)
      return refuse({errc::malformed, "an account of an unknown kind"});
    const auto now = runtime::unix_seconds();
    auto found =
        books->list({x.kind, scope_, x.after, at_most(x.limit)}, settled(x.period, now), now);
    if (!found) return refuse(found.error());
    if (x.kind == msg::account_kind::tenant)
      for (auto& a : *found) a.quota_bytes = charging_.quota_of(a.name);
    return msg::accounts_list_result{std::move(*found)};
  }

  caf::result<msg::accounts_deliveries_result> deliveries(const msg::accounts_deliveries& x) {
    const auto books = books_.lock();
    if (!books) return ended();
    auto found = books->served().page(settled(x.period, runtime::unix_seconds()), scope_, x.after,
                                      at_most(x.limit));
    if (!found) return refuse(found.error());
    return msg::accounts_deliveries_result{std::move(found->deliveries), std::move(found->next)};
  }

  caf::result<msg::accounts_keepings_result> keepings(const msg::accounts_keepings& x) {
    const auto books = books_.lock();
    if (!books) return ended();
    // Parties keep nothing.
    if (!scope_.party.empty()) return msg::accounts_keepings_result{};
    auto found = books->kept().page(settled(x.period, runtime::unix_seconds()), scope_.tenant,
                                    x.after, at_most(x.limit));
    if (!found) return refuse(found.error());
    return msg::accounts_keepings_result{std::move(*found)};
  }

  std::weak_ptr<accounts> books_;
  charging_options charging_;
  account_scope scope_;
};

} // namespace

account_period settled(const msg::period& p, std::int64_t now) {
  account_period out{std::max<std::int64_t>(p.since, 0), now};
  if (p.until > 0) out.until = std::min(p.until, now);
  return out;
}

msg::accounts_actor spawn_account_reader(runtime::loop& home, std::weak_ptr<accounts> books,
                                         charging_options charging, account_scope scope) {
  return runtime::spawn_on<account_reader>(home, std::move(books), std::move(charging),
                                           std::move(scope));
}

} // namespace interswarm::services
