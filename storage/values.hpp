#pragma once

// The plain structs that schema/content.capnp and schema/bridge.capnp define, under the names
// storage uses.
#if __has_include("schema/content.values.hpp")
#include "schema/bridge.values.hpp"
#include "schema/content.values.hpp"
#else
#include "schema/base/bytes.hpp"

#include <vector>

// Stands in for the generated header, field by field, until the tree generates it.
namespace interswarm::msg {

struct name {
  std::string overlay;
  slice key;
  friend bool operator==(const name&, const name&) = default;
};

enum class evidence : std::uint16_t { refuted, hint, declared, quorum, verified, structural };
enum class permission : std::uint16_t { unknown, allowed, forbidden };
enum class hash_algorithm : std::uint16_t { md4, sha1, sha256, bep52 };

struct hash_list {
  msg::hash_algorithm algorithm{};
  std::uint64_t unit{};
  std::uint64_t period{};
  std::uint64_t offset{};
  std::uint64_t end{};
  slice hashes;
  msg::evidence evidence{};
  friend bool operator==(const hash_list&, const hash_list&) = default;
};

struct name_record {
  msg::name name;
  std::uint64_t size{};
  slice content_id;
  msg::evidence evidence{};
  std::int64_t expires{};
  std::string title;
  std::string uri;
  msg::permission permission{};
  std::vector<hash_list> hashes;
  slice metadata;
  friend bool operator==(const name_record&, const name_record&) = default;
};

inline constexpr std::uint64_t unknown_size = 0xffffffffffffffffull;

struct ledger_entry {
  enum class role_t : std::uint16_t { giver, taker };
  slice receipt;
  std::string from_domain;
  std::string from_overlay;
  std::string to_domain;
  std::string to_overlay;
  msg::name content_name;
  std::string tenant;
  std::uint64_t bytes{};
  std::int64_t first_at{};
  std::int64_t last_at{};
  role_t role{};
  friend bool operator==(const ledger_entry&, const ledger_entry&) = default;
};

} // namespace interswarm::msg
#endif
