#pragma once

#include "actors/runtime/loop.hpp"
#include "actors/services/contract.hpp"
#include "storage/party_table.hpp"

#include <string>

namespace interswarm::services {

/// Opens the cluster's database (as database::open takes it) and starts the actor that owns it on
/// `home`: a loop of its own, because SQL blocks. Fails as database::open does, with one line.
result<catalogue_desk_actor> spawn_catalogue_desk(runtime::loop& home, const std::string& where);

/// Names that are offered in every overlay by one node at most.
inline constexpr std::uint32_t max_newest = 10'000;

/// The catalogue's form of a publication, and back.
publication from_message(const msg::publication& p);
msg::publication to_message(const publication& p);
msg::party to_message(const party& p);

/// By what a party's token is known.
slice token_hash(std::string_view token);

} // namespace interswarm::services
