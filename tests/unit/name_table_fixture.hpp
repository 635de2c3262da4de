#pragma once

#include "storage/limits.hpp"
#include "storage/name_rules.hpp"
#include "storage/name_table.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

/// What the tests of the name table share.
namespace interswarm::name_testing {

using msg::evidence;
using msg::permission;

inline slice digest(byte fill, std::size_t size = 32) { return slice(bytes(size, fill)); }

inline msg::name name_of(const char* overlay, byte fill) { return {overlay, digest(fill, 20)}; }

inline msg::name_record record(const char* overlay, byte fill, std::uint64_t size = 1000) {
  msg::name_record out;
  out.name = name_of(overlay, fill);
  out.size = size;
  out.evidence = evidence::hint;
  out.permission = permission::allowed;
  return out;
}

inline msg::hash_list sha256_list(byte fill, std::uint64_t unit, evidence e,
                                  std::uint64_t size = 1000) {
  msg::hash_list out;
  out.algorithm = msg::hash_algorithm::sha256;
  out.unit = unit;
  out.end = size;
  out.hashes = digest(fill, (size + unit - 1) / unit * 32);
  out.evidence = e;
  return out;
}

struct name_fixture {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  std::unique_ptr<name_table> table = name_table::open(*db).value();

  std::vector<msg::name_record> all(const msg::name& name) { return table->names(name, 0).value(); }
  std::vector<msg::name> group(const msg::name& name) {
    std::vector<msg::name> out;
    const auto found = table->names(name, 0);
    if (!found) return out;
    for (const auto& r : *found) {
      if (r.evidence != evidence::refuted) out.push_back(r.name);
    }
    return out;
  }
  std::vector<msg::name> refuted(const msg::name& name) {
    std::vector<msg::name> out;
    for (const auto& r : all(name)) {
      if (r.evidence == evidence::refuted) out.push_back(r.name);
    }
    return out;
  }
};

using names = std::vector<msg::name>;
inline const auto torrent = record("bittorrent", 1);
inline const auto other_torrent = record("bittorrent", 2);
inline const auto donkey = record("ed2k", 3);
inline const auto other_donkey = record("ed2k", 4);

} // namespace interswarm::name_testing
