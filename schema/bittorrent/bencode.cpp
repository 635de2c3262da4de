#include "schema/bittorrent/bencode.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>

namespace interswarm::bittorrent::bencode {

namespace {

constexpr bool is_digit(byte b) { return b >= '0' && b <= '9'; }

/// A decimal without leading zeros at the start of `text`, at most `limit`; gives the count of
/// digits, 0 if none.
std::size_t parse_decimal(byte_view text, std::uint64_t limit, std::uint64_t& out) {
  std::size_t n = 0;
  out = 0;
  while (n < text.size() && is_digit(text[n])) {
    const std::uint64_t digit = text[n] - std::uint64_t{'0'};
    if (n == 1 && text[0] == '0') return 0;
    if (out > (limit - digit) / 10) return 0;
    out = out * 10 + digit;
    ++n;
  }
  return n;
}

std::optional<std::int64_t> parse_integer(byte_view digits) {
  const bool negative = !digits.empty() && digits[0] == '-';
  if (negative) digits = digits.subspan(1);
  constexpr auto top = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t magnitude = 0;
  const auto n = parse_decimal(digits, negative ? top + 1 : top, magnitude);
  if (n == 0 || n != digits.size() || (negative && magnitude == 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

/// A list or dictionary that is still open.
struct frame {
  std::uint32_t token = 0;
  bool dict = false;
  bool want_key = false;
  bool sorted = true;
  /// Token of the last key, 0 for none (token 0 is the root and never a key).
  std::uint32_t last_key = 0;
};

class parser {
public:
  parser(byte_view data, decode_limits limit) : data_(data), limit_(limit) {}

  /// Nothing, or what is wrong.
  const char* run() {
    if (data_.size() >= std::numeric_limits<std::uint32_t>::max()) return "longer than 4 GiB";
    do {
      if (at_ >= data_.size()) return "ends inside a value";
      if (const auto* wrong = step()) return wrong;
    } while (!open_.empty());
    return nullptr;
  }

  std::vector<token> tokens;

private:
  const char* step() {
    const byte first = data_[at_];
    if (first == 'e') return close();
    if (!open_.empty() && open_.back().want_key && !is_digit(first)) return "a key is not a string";
    if (tokens.size() >= limit_.tokens) return "too many values";
    if (first == 'l' || first == 'd') return open(first == 'd');
    if (first == 'i') return integer();
    if (is_digit(first)) return string();
    return "not a bencoded value";
  }

  const char* open(bool dict) {
    if (open_.size() >= limit_.depth) return "nested too deep";
    open_.push_back({static_cast<std::uint32_t>(tokens.size()), dict, dict, true, 0});
    tokens.push_back({at(), 0, 0, 0, dict ? kind::dict : kind::list});
    ++at_;
    return nullptr;
  }

  const char* close() {
    if (open_.empty()) return "an end without a beginning";
    const auto top = open_.back();
    if (top.dict && !top.want_key) return "a key without a value";
    ++at_;
    auto& t = tokens[top.token];
    t.end = at();
    t.next = static_cast<std::uint32_t>(tokens.size());
    if (!top.sorted && has_doubled_key(top.token)) return "a doubled key";
    open_.pop_back();
    value_done();
    return nullptr;
  }

  const char* integer() {
    const auto begin = data_.begin() + static_cast<std::ptrdiff_t>(at_) + 1;
    // 20 digits and a sign are more than 64 bits need, so the search for the end is bounded.
    const auto stop = begin + std::min<std::ptrdiff_t>(22, data_.end() - begin);
    const auto mark = std::find(begin, stop, byte{'e'});
    if (mark == stop) return "an integer without an end";
    if (!parse_integer({begin, mark})) return "an integer out of range or form";
    const auto from = at();
    at_ = static_cast<std::size_t>(mark - data_.begin()) + 1;
    tokens.push_back({from, at(), static_cast<std::uint32_t>(tokens.size() + 1), 0, kind::integer});
    value_done();
    return nullptr;
  }

  const char* string() {
    std::uint64_t length = 0;
    const auto digits = parse_decimal(data_.subspan(at_), data_.size(), length);
    if (digits == 0) return "a string length out of range or form";
    const auto content = at_ + digits + 1;
    if (content > data_.size() || data_[content - 1] != ':')
      return "a string length without a colon";
    if (length > data_.size() - content) return "a string past the end";
    const auto from = at();
    at_ = content + static_cast<std::size_t>(length);
    const auto index = static_cast<std::uint32_t>(tokens.size());
    tokens.push_back({from, at(), index + 1, static_cast<std::uint32_t>(content), kind::string});
    if (!open_.empty() && open_.back().want_key) return key_done(index);
    value_done();
    return nullptr;
  }

  const char* key_done(std::uint32_t index) {
    auto& top = open_.back();
    if (top.last_key != 0) {
      const auto order = text(top.last_key).compare(text(index));
      if (order == 0) return "a doubled key";
      if (order > 0) top.sorted = false;
    }
    top.last_key = index;
    top.want_key = false;
    return nullptr;
  }

  void value_done() {
    if (!open_.empty() && open_.back().dict) open_.back().want_key = true;
  }

  bool has_doubled_key(std::uint32_t dict) const {
    std::vector<std::string_view> keys;
    for (std::uint32_t i = dict + 1; i < tokens[dict].next; i = tokens[tokens[i].next].next)
      keys.push_back(text(i));
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
  }

  std::string_view text(std::uint32_t index) const {
    const auto& t = tokens[index];
    return as_text(data_.subspan(t.content, t.end - t.content));
  }
  std::uint32_t at() const { return static_cast<std::uint32_t>(at_); }

  byte_view data_;
  decode_limits limit_;
  std::size_t at_ = 0;
  std::vector<frame> open_;
};

} // namespace

std::optional<std::int64_t> value::integer() const {
  if (type() != kind::integer) return std::nullopt;
  const auto whole = raw();
  return parse_integer(whole.subspan(1, whole.size() - 2));
}

std::optional<std::uint64_t> value::unsigned_integer() const {
  const auto n = integer();
  return n && *n >= 0 ? std::optional(static_cast<std::uint64_t>(*n)) : std::nullopt;
}

std::optional<byte_view> value::string() const {
  if (type() != kind::string) return std::nullopt;
  return data_.subspan(self().content, self().end - self().content);
}

std::optional<std::string_view> value::text() const {
  const auto s = string();
  return s ? std::optional(as_text(*s)) : std::nullopt;
}

std::vector<value> value::items() const {
  std::vector<value> out;
  if (!is_list()) return out;
  for (std::size_t i = index_ + 1; i < self().next; i = (*tokens_)[i].next) out.push_back(at(i));
  return out;
}

std::vector<std::pair<std::string_view, value>> value::entries() const {
  std::vector<std::pair<std::string_view, value>> out;
  if (!is_dict()) return out;
  for (std::size_t i = index_ + 1; i < self().next;) {
    const auto child = (*tokens_)[i].next;
    out.emplace_back(*at(i).text(), at(child));
    i = (*tokens_)[child].next;
  }
  return out;
}

std::optional<value> value::find(std::string_view key) const {
  if (!is_dict()) return std::nullopt;
  for (std::size_t i = index_ + 1; i < self().next;) {
    const auto child = (*tokens_)[i].next;
    if (*at(i).text() == key) return at(child);
    i = (*tokens_)[child].next;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> value::find_unsigned(std::string_view key) const {
  const auto v = find(key);
  return v ? v->unsigned_integer() : std::nullopt;
}

std::optional<byte_view> value::find_string(std::string_view key) const {
  const auto v = find(key);
  return v ? v->string() : std::nullopt;
}

std::optional<std::string_view> value::find_text(std::string_view key) const {
  const auto v = find(key);
  return v ? v->text() : std::nullopt;
}

decoded<document> decode_prefix(byte_view data, decode_limits limit) {
  parser p(data, limit);
  if (const auto* wrong = p.run()) return drop(std::string("bencoding: ") + wrong);
  document out;
  out.tokens_ = std::make_unique<std::vector<token>>(std::move(p.tokens));
  out.data_ = data;
  return out;
}

decoded<document> decode(byte_view data, decode_limits limit) {
  auto out = decode_prefix(data, limit);
  if (out && out->size() != data.size()) return drop("bencoding: bytes after the value");
  return out;
}

void writer::number(std::uint64_t v) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
  append(*out_, as_bytes({digits, static_cast<std::size_t>(end - digits)}));
}

writer& writer::integer(std::int64_t v) {
  out_->push_back('i');
  if (v < 0) out_->push_back('-');
  number(v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v));
  out_->push_back('e');
  return *this;
}

writer& writer::string(byte_view v) {
  number(v.size());
  out_->push_back(':');
  append(*out_, v);
  return *this;
}

writer& writer::raw(byte_view v) {
  append(*out_, v);
  return *this;
}

writer& writer::begin_list() {
  out_->push_back('l');
  last_keys_.emplace_back();
  return *this;
}

writer& writer::begin_dict() {
  out_->push_back('d');
  last_keys_.emplace_back();
  return *this;
}

writer& writer::key(std::string_view k) {
  assert(!last_keys_.empty() && (!last_keys_.back() || *last_keys_.back() < k));
  last_keys_.back() = std::string(k);
  return string(k);
}

writer& writer::end() {
  assert(!last_keys_.empty());
  last_keys_.pop_back();
  out_->push_back('e');
  return *this;
}

} // namespace interswarm::bittorrent::bencode
