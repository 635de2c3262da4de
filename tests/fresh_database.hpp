#pragma once

#include <memory>
#include <string>

/// A new empty database for one test, which goes away with this object: a file in unit_tests, a
/// schema of a private server in postgresql_tests. So the same cases run on both.
class fresh_database {
public:
  fresh_database();
  ~fresh_database();

  /// For database::open.
  const std::string& place() const { return place_; }

private:
  struct state;
  std::unique_ptr<state> state_;
  std::string place_;
};
