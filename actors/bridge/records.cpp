#include "actors/bridge/records.hpp"

#include "actors/bridge/demand_desk.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::bridge {

std::string describe(const msg::name& name) {
  return printable(name.overlay, 32) + ":" +
         to_hex(name.key.view().first(std::min<std::size_t>(name.key.size(), 40)));
}

std::string describe(const msg::name_record& record) {
  if (record.title.empty()) return describe(record.name);
  return describe(record.name) + " \"" + printable(record.title) + "\"";
}

std::string table_key(const msg::name& name) { return table_key(name.overlay, as_text(name.key)); }

msg::name name_of_key(std::string_view key) {
  const auto cut = key.find('\0');
  return {std::string(key.substr(0, cut)), slice::copy_of(as_bytes(key.substr(cut + 1)))};
}

void merge_records(std::vector<msg::name_record>& into, const std::vector<msg::name_record>& more) {
  for (const auto& r : more) {
    const auto known =
        std::find_if(into.begin(), into.end(), [&](const auto& k) { return k.name == r.name; });
    if (known == into.end()) {
      into.push_back(r);
      continue;
    }
    // Forbidden is never forgotten; otherwise what is missing is filled in.
    if (r.permission == msg::permission::forbidden ||
        known->permission == msg::permission::unknown) {
      known->permission = r.permission;
    }
    if (known->size == msg::unknown_size) known->size = r.size;
    if (known->metadata.empty()) known->metadata = r.metadata;
    if (known->hashes.empty()) known->hashes = r.hashes;
    if (known->title.empty()) known->title = r.title;
    if (known->uri.empty()) known->uri = r.uri;
    if (known->content_id.empty()) known->content_id = r.content_id;
  }
}

const msg::name_record* find_record(const std::vector<msg::name_record>& records,
                                    const msg::name& name) {
  const auto found =
      std::find_if(records.begin(), records.end(), [&](const auto& r) { return r.name == name; });
  return found == records.end() ? nullptr : &*found;
}

result<void> may_cross(const std::vector<msg::name_record>& records) {
  for (const auto& r : records) {
    if (r.permission == msg::permission::forbidden) {
      return fail(errc::denied, describe(r) + " is private: it is not bridged");
    }
  }
  return {};
}

} // namespace interswarm::bridge
