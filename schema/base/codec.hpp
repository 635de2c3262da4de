#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

/// What the generated conversions between plain structs and Cap'n Proto share.
namespace interswarm::codec {

/// Elements of one list; a longer one is refused in both directions.
constexpr std::uint32_t max_list_elements = 65'536;
/// Bytes of one message (Cap'n Proto's traversal limit): a 4 MiB read and a record with large proof
/// data fit.
constexpr std::uint64_t max_message_bytes = 32U << 20U;
/// Pointers to follow from a message's root.
constexpr int max_nesting = 32;

/// These limits in Cap'n Proto's terms.
capnp::ReaderOptions reader_options();

/// A failure as it crosses the wire: code and text arrive as they were sent.
kj::Exception to_exception(const error& e);
/// Takes back what `to_exception` made; a foreign exception's type decides the code.
error from_exception(const kj::Exception& e);
/// Throws `malformed` with `what`.
[[noreturn]] void refuse(const char* what);

bool valid_utf8(std::string_view text);

void read(capnp::Text::Reader from, std::string& to);
void read(capnp::Data::Reader from, slice& to);

template <class Enum, class Wire>
Enum read_enum(Wire value, std::uint32_t count) {
  const auto number = static_cast<std::uint16_t>(value);
  if (number >= count) refuse("an enumerant that is not known here");
  return static_cast<Enum>(number);
}

template <class List, class T, class Read>
void read_list(List from, std::vector<T>& to, Read&& read_element) {
  if (from.size() > max_list_elements) refuse("a list is longer than its limit");
  to.clear();
  to.reserve(from.size());
  for (unsigned i = 0; i < from.size(); ++i) {
    T value{};
    read_element(from[i], value);
    to.push_back(std::move(value));
  }
}

/// The size as Cap'n Proto counts; throws `too_large` above the limit.
unsigned count(std::size_t size);

/// Text for a builder: bytes that are not UTF-8 become U+FFFD, because the other side would refuse
/// them.
class text {
public:
  explicit text(const std::string& value);
  operator capnp::Text::Reader() const { return {value_->c_str(), value_->size()}; }

private:
  std::string repaired_;
  const std::string* value_;
};

inline capnp::Data::Reader data(const slice& value) { return {value.data(), value.size()}; }

bytes flatten(capnp::MessageBuilder& message);
/// The words of `data`, aligned.
kj::Array<capnp::word> aligned(byte_view data);

template <class Wire, class Write>
bytes encode(Write&& write) {
  capnp::MallocMessageBuilder message;
  write(message.initRoot<Wire>());
  return flatten(message);
}

template <class Wire, class T, class Read>
decoded<T> decode(byte_view data, Read&& read_root) {
  try {
    const auto words = aligned(data);
    capnp::FlatArrayMessageReader message(words, reader_options());
    T value{};
    read_root(message.getRoot<Wire>(), value);
    return value;
  } catch (const kj::Exception& e) {
    return drop(from_exception(e).text);
  }
}

} // namespace interswarm::codec
