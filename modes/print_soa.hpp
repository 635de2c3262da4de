#pragma once

#include "schema/cluster.gen.hpp"
#include "schema/service.gen.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace interswarm {

/// As in print.hpp, of what SOA mode has.
nlohmann::json to_json(const msg::cluster_state& state);
nlohmann::json to_json(const msg::publication& publication);
/// Sums of any size are texts: "byte_hours".
nlohmann::json to_json(const msg::account& account);
std::string to_text(const msg::cluster_state& state);
std::string to_text(const std::vector<msg::publication>& publications);
std::string to_text(const std::vector<msg::account>& accounts);

} // namespace interswarm
