#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "storage/database.hpp"
#include "storage/limits.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// Somebody who takes contents from the access service: a tracker operator, a client.
struct party {
  std::string name;
  /// SHA-256 of its token; the token itself is kept by nobody but the party.
  slice token_hash;
  /// Tenants whose contents it may have although they are not open.
  std::vector<std::string> tenants;
  /// Overlays in whose names it may look contents up; none: all.
  std::vector<std::string> overlays;
  /// The tenant whose account it may see beside its own; empty: none.
  std::string account;
  /// May look up, search and read.
  bool take = true;
  /// May send messages to other parties and receive theirs.
  bool message = false;
  bool revoked = false;
  std::int64_t added_at = 0; // Unix seconds

  friend bool operator==(const party&, const party&) = default;
};

/// Who may use the access service. For one thread at a time, like the database, which must outlive
/// it.
class party_table {
public:
  explicit party_table(database& db) : db_(db) {}

  /// Enters the party; one that is known gets new rights and a new token, the old one is void.
  /// Fails `malformed`, `too_large`.
  result<void> add(const party& p);
  /// Its token is void from now on; the name stays. Fails `not_found`.
  result<void> revoke(const std::string& name);
  /// Revoked ones, too. Fails `not_found`.
  result<party> find_token(byte_view token_hash) const;
  /// In order of name.
  result<std::vector<party>> list() const;

private:
  database& db_;
};

} // namespace interswarm
