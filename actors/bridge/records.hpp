#pragma once

#include "schema/base/result.hpp"
#include "schema/content.values.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace interswarm::bridge {

/// "bittorrent:0123…" for log lines and messages to people.
std::string describe(const msg::name& name);
std::string describe(const msg::name_record& record);
/// The name as a table key, and back.
std::string table_key(const msg::name& name);
msg::name name_of_key(std::string_view key);
/// Adds the records whose names are not there yet; of one name the record with more in it stays.
void merge_records(std::vector<msg::name_record>& into, const std::vector<msg::name_record>& more);
/// The sought name's record, or nothing.
const msg::name_record* find_record(const std::vector<msg::name_record>& records,
                                    const msg::name& name);
/// Fails `denied` when any record of the content must not cross.
result<void> may_cross(const std::vector<msg::name_record>& records);

} // namespace interswarm::bridge
