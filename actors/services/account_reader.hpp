#pragma once

#include "actors/services/catalogue_desk.hpp"
#include "storage/accounts.hpp"

namespace interswarm::services {

/// Reads the accounts of one tenant, or of all for an empty one, on the loop of the database. Fails
/// `unavailable` when the catalogue has ended, which it does not outlast.
msg::accounts_actor spawn_account_reader(runtime::loop& home, std::weak_ptr<accounts> books,
                                         charging_options charging, std::string tenant);

/// The period with its end, which is not later than `now` (Unix seconds).
account_period settled(const msg::period& p, std::int64_t now);

} // namespace interswarm::services
