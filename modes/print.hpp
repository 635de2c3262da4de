#pragma once

#include "schema/bridge.values.hpp"
#include "schema/content.values.hpp"
#include "schema/node.values.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace interswarm {

/// Machine form of what the client commands show. Keys are stable; binary values are lower-case
/// hex.
nlohmann::json to_json(const msg::name& name);
nlohmann::json to_json(const msg::name_record& record);
nlohmann::json to_json(const msg::ledger_entry& entry);
nlohmann::json to_json(const msg::domain_status& status);
nlohmann::json to_json(const msg::gateway& gateway);

/// For people: the names of one content, one block each.
std::string to_text(const std::vector<msg::name_record>& records);
std::string to_text(const std::vector<msg::ledger_entry>& entries);
std::string to_text(const std::vector<msg::domain_status>& domains,
                    const std::vector<msg::gateway>& gateways);

/// "12.3 MiB".
std::string human_bytes(std::uint64_t count);
/// Columns padded to their widest cell, two blanks between them.
std::string table(const std::vector<std::vector<std::string>>& rows);

} // namespace interswarm
