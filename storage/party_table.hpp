#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "storage/database.hpp"
#include "storage/limits.hpp"
#include "storage/values.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// Who may use the access service: tracker operators, clients. A party is known by the SHA-256 of
/// its token, which is kept by nobody but the party. For one thread at a time, like the database,
/// which must outlive it.
class party_table {
public:
  explicit party_table(database& db) : db_(db) {}

  /// Enters the party; one that is known gets new rights and a new token, the old one is void.
  /// Fails `malformed`, `too_large`.
  result<void> add(const msg::party& p, byte_view token_hash);
  /// Its token is void from now on; the name stays. Fails `not_found`.
  result<void> revoke(const std::string& name);
  /// Revoked ones, too. Fails `not_found`.
  result<msg::party> find_token(byte_view token_hash) const;
  /// In order of name.
  result<std::vector<msg::party>> list() const;

private:
  database& db_;
};

} // namespace interswarm
