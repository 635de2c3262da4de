#pragma once

// What catalogue_bench fills a catalogue with.
#include "schema/base/hash.hpp"
#include "storage/catalogue.hpp"
#include "storage/values.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace interswarm::bench {

inline constexpr unsigned vocabulary = 200'000;
inline constexpr unsigned tenants = 50;

template <class T>
T must(result<T> r) {
  if (!r) {
    std::fprintf(stderr, "%s\n", to_string(r.error()).c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

/// Numbers that depend on nothing but a content's own (splitmix64).
class numbers {
public:
  explicit numbers(std::uint64_t seed) : state_(seed) {
    // Else the numbers of the next seed are the same, one later.
    state_ = next() ^ (next() << 1);
  }
  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }
  template <std::size_t N>
  std::array<byte, N> digest() {
    std::array<byte, N> out{};
    for (auto& b : out) b = static_cast<byte>(next());
    return out;
  }

private:
  std::uint64_t state_;
};

/// The word of this rank, from 1 on.
std::string word(std::uint64_t rank);

struct generated {
  msg::publication what;
  bytes chunks;
  std::vector<msg::name_record> records; // v1, v2, ed2k, as services::make_names has them
};
generated content(std::uint64_t n);

/// SQLite itself; each statement is prepared once.
class plain {
public:
  explicit plain(const std::string& file);
  ~plain();
  plain(const plain&) = delete;
  plain& operator=(const plain&) = delete;

  void run(const std::string& sql);
  struct value {
    enum class kind { text, blob, number } what;
    std::string data;
    std::int64_t n = 0;
  };
  /// Executes a statement with these values and counts the rows.
  std::size_t rows(const std::string& sql, const std::vector<value>& values);

private:
  void check(int code);
  sqlite3* db_ = nullptr;
  std::map<std::string, sqlite3_stmt*> statements_;
};

plain::value text(std::string s);

/// Adds the contents from number `first` to before `end`, after so many others, to a file that a
/// database object has made: the rows that the classes would write, by prepared statements, since
/// the classes prepare each anew (about 1.3 ms a content).
void fill_file(const std::string& file, std::uint64_t first, std::uint64_t end);

} // namespace interswarm::bench
