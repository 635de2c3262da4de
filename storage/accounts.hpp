#pragma once

#include "storage/catalogue.hpp"
#include "storage/keeping_table.hpp"

#include <functional>

namespace interswarm {

/// What tenants and parties are charged for, from the deliveries and keepings of a catalogue's
/// database. For one thread at a time, like the database, which must outlive it.
class accounts {
public:
  explicit accounts(database& db) : served_(db), kept_(db), contents_(db) {}

  struct query {
    msg::account_kind kind{};
    account_scope scope;
    /// Names behind this one, at most `limit` and `limits::listing`.
    std::string after;
    std::size_t limit = limits::listing;
  };
  /// In order of name; no tenants where the scope is a party's. The period must not end after `now`
  /// (Unix seconds). Quotas are not known here.
  result<std::vector<msg::account>> list(const query& q, const account_period& when,
                                         std::int64_t now) const;

  /// Forgets deliveries and keepings that ended before `before` (Unix seconds); tells how many
  /// rows.
  result<std::uint64_t> prune(std::int64_t before);

  served_table& served() { return served_; }
  keeping_table& kept() { return kept_; }

private:
  served_table served_;
  keeping_table kept_;
  catalogue contents_;
};

} // namespace interswarm
