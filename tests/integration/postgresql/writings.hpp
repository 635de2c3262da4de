#pragma once

#include "storage/catalogue.hpp"
#include "storage/chunk.hpp"
#include "storage/ledger.hpp"
#include "storage/name_table.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

#include <chrono>
#include <string>
#include <vector>

/// What the cases write, and what they look for in answers.
namespace interswarm::postgresql_testing {

using clock_type = std::chrono::steady_clock;

inline msg::publication made(unsigned n, const std::string& tenant = "alice") {
  msg::publication p;
  p.open = true;
  bytes id(32, 0);
  for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<byte>(n >> (8 * i));
  p.content_id = slice(std::move(id));
  p.size = 5'000'000;
  p.tenant = tenant;
  p.title = "Film " + std::to_string(n);
  p.published_at = 1000;
  return p;
}

inline result<std::vector<slice>> publish(catalogue& books, const msg::publication& p) {
  return books.publish(p, bytes(chunk_count(p.size) * 32, 7));
}

inline std::size_t count(database& db) {
  return catalogue(db).list({}, 0, limits::listing, 2000).value().size();
}

inline msg::name_record record(unsigned n) {
  msg::name_record out;
  out.name = {"ed2k", slice(bytes{static_cast<byte>(n), static_cast<byte>(n >> 8)})};
  out.size = 1000;
  out.evidence = msg::evidence::declared;
  out.title = "record " + std::to_string(n);
  return out;
}

inline msg::ledger_entry entry(unsigned n) {
  msg::ledger_entry out;
  out.receipt = slice(bytes{1, static_cast<byte>(n), static_cast<byte>(n >> 8)});
  out.content_name = {"ed2k", slice(bytes{1})};
  out.bytes = n;
  return out;
}

/// Each failure is one line that names host and database and never the password.
inline void check_text(const error& e) {
  CAPTURE(e.text);
  CHECK(e.text.find("database postgres at 127.0.0.1:") != e.text.npos);
  CHECK(e.text.find('\n') == e.text.npos);
  CHECK(e.text.size() < 600);
  for (const auto* part : {"p@ss", "w:rd", "p%40ss"}) CHECK(e.text.find(part) == e.text.npos);
}

inline std::string schema_of(const fresh_database& fresh) {
  return fresh.place().substr(fresh.place().rfind("fresh"));
}

} // namespace interswarm::postgresql_testing
