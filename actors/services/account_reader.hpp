#pragma once

#include "actors/services/catalogue_desk.hpp"
#include "storage/accounts.hpp"

namespace interswarm::services {

/// Reads the accounts in that scope on the loop of the database. Fails `unavailable` when the
/// catalogue has ended, which it does not outlast.
msg::accounts_actor spawn_account_reader(runtime::loop& home, std::weak_ptr<accounts> books,
                                         charging_options charging, account_scope scope);

/// The period with its end, which is not later than `now` (Unix seconds).
account_period settled(const msg::period& p, std::int64_t now);

} // namespace interswarm::services
