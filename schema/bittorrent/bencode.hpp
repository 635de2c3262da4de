#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "schema/bittorrent/limits.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Bencoding (BEP 3): a bounded decoder that keeps each value's original bytes, and an encoder.
namespace interswarm::bittorrent::bencode {

enum class kind : std::uint8_t { integer, string, list, dict };

/// What one document may hold. The defaults suit a .torrent file.
struct decode_limits {
  std::size_t depth = limits::bencode_depth;
  std::size_t tokens = limits::bencode_tokens;
};

struct token {
  /// Where the value stands in the document: [begin, end).
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  /// Index of the token after this value and all it contains.
  std::uint32_t next = 0;
  /// Where a string's bytes begin.
  std::uint32_t content = 0;
  kind type = kind::integer;
};

/// One value inside a document; valid while the document's bytes and the document live.
class value {
public:
  value(const std::vector<token>& tokens, byte_view data, std::size_t index)
      : tokens_(&tokens), data_(data), index_(index) {}

  kind type() const { return self().type; }
  bool is_list() const { return type() == kind::list; }
  bool is_dict() const { return type() == kind::dict; }
  /// The value's bytes as they were received, prefix and end mark included.
  byte_view raw() const { return data_.subspan(self().begin, self().end - self().begin); }

  std::optional<std::int64_t> integer() const;
  /// An integer that is not negative.
  std::optional<std::uint64_t> unsigned_integer() const;
  std::optional<byte_view> string() const;
  std::optional<std::string_view> text() const;

  /// Items of a list; nothing for another kind.
  std::vector<value> items() const;
  /// Keys with their values in the document's order; nothing for another kind.
  std::vector<std::pair<std::string_view, value>> entries() const;
  /// Linear in the dictionary's own keys.
  std::optional<value> find(std::string_view key) const;
  std::optional<std::uint64_t> find_unsigned(std::string_view key) const;
  std::optional<byte_view> find_string(std::string_view key) const;
  std::optional<std::string_view> find_text(std::string_view key) const;

private:
  const token& self() const { return (*tokens_)[index_]; }
  value at(std::size_t index) const { return {*tokens_, data_, index}; }

  const std::vector<token>* tokens_;
  byte_view data_;
  std::size_t index_;
};

/// A decoded document. Does not own the bytes it was decoded from.
class document {
public:
  value root() const { return {*tokens_, data_, 0}; }
  /// Bytes the first value took; the rest was not looked at (BEP 9 appends raw bytes).
  std::size_t size() const { return tokens_->front().end; }

private:
  friend decoded<document> decode_prefix(byte_view, decode_limits);
  std::unique_ptr<std::vector<token>> tokens_;
  byte_view data_;
};

/// Exactly one value. Refuses leading zeros, "-0", integers beyond 64 bits signed, doubled keys,
/// trailing bytes. Unsorted keys are kept as they are: an info dictionary is hashed over its
/// original bytes.
decoded<document> decode(byte_view data, decode_limits limit = {});
/// One value at the start of `data`, anything after it.
decoded<document> decode_prefix(byte_view data, decode_limits limit = {});

/// Writes bencoding. The caller gives dictionary keys in ascending order; a wrong order is a defect
/// and asserts.
class writer {
public:
  explicit writer(bytes& out) : out_(&out) {}

  writer& integer(std::int64_t v);
  writer& string(byte_view v);
  writer& string(std::string_view v) { return string(as_bytes(v)); }
  /// A value that is already bencoded.
  writer& raw(byte_view v);
  writer& begin_list();
  writer& begin_dict();
  writer& key(std::string_view k);
  /// Ends the innermost list or dictionary.
  writer& end();

private:
  void number(std::uint64_t v);

  bytes* out_;
  /// The last key of each open dictionary (nothing before its first key).
  std::vector<std::optional<std::string>> last_keys_;
};

} // namespace interswarm::bittorrent::bencode
