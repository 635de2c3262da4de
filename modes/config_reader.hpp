#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace toml {
inline namespace v3 {
class table;
class node;
} // namespace v3
} // namespace toml

namespace interswarm {

/// Reads one table of a TOML file strictly: each key is asked for once, and what was not asked for
/// is an error that names its line. The first error stays; reading goes on harmlessly after it.
class config_reader {
public:
  /// How a value is written.
  enum class form : std::uint8_t { absent, text, number, list, table, other };

  /// Parses `file`. Fails `io` or `configuration` with the file, the line and what is wrong.
  static result<config_reader> open(const std::string& file);
  static result<config_reader> parse(std::string_view text, const std::string& file_name);
  /// Reads what was parsed already, and perhaps changed since.
  static config_reader over(toml::table&& root, const std::string& file_name);

  void read(const char* key, std::string& out);
  void read(const char* key, bool& out);
  void read(const char* key, std::uint16_t& out);
  void read(const char* key, std::uint32_t& out);
  void read(const char* key, std::uint64_t& out);
  /// Accepts integers as well.
  void read(const char* key, double& out);
  void read(const char* key, std::vector<std::string>& out);
  void read(const char* key, std::vector<std::uint64_t>& out);
  /// "address:port"; a name instead of an address is an error.
  void read(const char* key, endpoint& out);
  void read(const char* key, std::optional<endpoint>& out);
  void read(const char* key, std::vector<endpoint>& out);
  /// Seconds, integer or fraction.
  void read(const char* key, std::chrono::seconds& out);
  void read(const char* key, std::chrono::milliseconds& out);

  /// Runs `inner` on the table `key`; false when it is absent.
  bool table(const char* key, const std::function<void(config_reader&)>& inner);
  /// Runs `inner` on each table of the array `key`.
  void tables(const char* key, const std::function<void(config_reader&)>& inner);
  bool has(const char* key) const;
  /// Of keys that may be written in several.
  form form_of(const char* key) const;
  /// The keys in the table `key`, for tables whose keys are names. In alphabetical order.
  std::vector<std::string> names_in(const char* key) const;
  /// All keys that were asked for anywhere in the file, "table.key": what a document must describe.
  const std::set<std::string>& known() const;

  /// Adds an error of the caller's own at `key`.
  void reject(const char* key, const std::string& why);
  bool failed() const;
  /// The first error, unknown keys included. Call it when everything was read.
  result<void> finish();

private:
  struct shared;
  config_reader(std::shared_ptr<shared> all, const toml::table* table, std::string path);
  const toml::node* find(const char* key);
  void fail_at(const toml::node* where, const std::string& key, const std::string& why);
  template <class Integer>
  void read_integer(const char* key, Integer& out);
  void check_unknown();

  std::shared_ptr<shared> shared_;
  const toml::table* table_ = nullptr;
  std::string path_;
  std::set<std::string, std::less<>> asked_;
};

} // namespace interswarm
