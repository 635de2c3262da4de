#pragma once

// For storage's .cpp files only: SOCI stays behind database.hpp.
#include <cstdint>
#include <soci/soci.h>
#include <string>

namespace interswarm {

/// Whose keeping of what, each as its column has it.
struct keeping_row {
  std::string content_id;
  std::string tenant;
};

/// For the transactions of the catalogue, at `now` (Unix seconds). Whether one goes on, which then
/// has the new time of expiry; one that has expired before `now` is ended there instead.
bool continue_keeping(soci::session& sql, const keeping_row& row, std::int64_t now,
                      std::int64_t expires);
void begin_keeping(soci::session& sql, const keeping_row& row, std::uint64_t size, std::int64_t now,
                   std::int64_t expires);
/// Now, or when it expired before.
void end_keeping(soci::session& sql, const keeping_row& row, std::int64_t now);

} // namespace interswarm
