#include "schema/base/codec.hpp"

#include <array>
#include <charconv>

namespace interswarm::codec {

namespace {

constexpr std::size_t max_error_text = 1024;
constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return 0;
  }
  const auto second = at(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

kj::Exception::Type exception_type(errc code) {
  switch (code) {
  case errc::overloaded: return kj::Exception::Type::OVERLOADED;
  case errc::disconnected: return kj::Exception::Type::DISCONNECTED;
  case errc::unimplemented: return kj::Exception::Type::UNIMPLEMENTED;
  default: return kj::Exception::Type::FAILED;
  }
}

errc foreign_code(kj::Exception::Type type) {
  switch (type) {
  case kj::Exception::Type::OVERLOADED: return errc::overloaded;
  case kj::Exception::Type::DISCONNECTED: return errc::disconnected;
  case kj::Exception::Type::UNIMPLEMENTED: return errc::unimplemented;
  case kj::Exception::Type::FAILED: return errc::internal;
  }
  return errc::internal;
}

} // namespace

capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = max_message_bytes / sizeof(capnp::word);
  options.nestingLimit = max_nesting;
  return options;
}

// "#3 not found: no such name". The number decides; the word is for people who read it with another
// tool.
kj::Exception to_exception(const error& e) {
  auto text = "#" + std::to_string(static_cast<int>(e.code)) + " " +
              std::string(to_string(e.code)) + ": " + e.text.substr(0, max_error_text);
  return {exception_type(e.code), "interswarm", 0, kj::heapString(text.data(), text.size())};
}

error from_exception(const kj::Exception& e) {
  const auto description = e.getDescription();
  std::string_view text(description.begin(), description.size());
  constexpr std::string_view prefix = "remote exception: ";
  while (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  if (text.starts_with('#')) {
    int number = 0;
    const auto parsed = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    const auto colon = text.find(": ");
    if (parsed.ec == std::errc() && number >= static_cast<int>(errc::malformed) &&
        number <= static_cast<int>(last_errc) && colon != std::string_view::npos)
      return {static_cast<errc>(number), std::string(text.substr(colon + 2, max_error_text))};
  }
  return {foreign_code(e.getType()), std::string(text.substr(0, max_error_text))};
}

void refuse(const char* what) { kj::throwFatalException(to_exception({errc::malformed, what})); }

unsigned count(std::size_t size) {
  if (size > max_list_elements)
    kj::throwFatalException(to_exception({errc::too_large, "a list is longer than its limit"}));
  return static_cast<unsigned>(size);
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void read(capnp::Text::Reader from, std::string& to) {
  to.assign(from.begin(), from.size());
  if (!valid_utf8(to)) refuse("a text is not UTF-8");
}

void read(capnp::Data::Reader from, slice& to) {
  to = from.size() == 0 ? slice() : slice::copy_of({from.begin(), from.size()});
}

text::text(const std::string& value) : value_(&value) {
  if (valid_utf8(value)) return;
  for (std::string_view rest = value; !rest.empty();) {
    const auto length = sequence_length(rest);
    repaired_ += length == 0 ? replacement : rest.substr(0, length);
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  value_ = &repaired_;
}

bytes flatten(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto data = words.asBytes();
  return {data.begin(), data.end()};
}

kj::Array<capnp::word> aligned(byte_view data) {
  if (data.size() % sizeof(capnp::word) != 0) refuse("a message is not a whole number of words");
  auto words = kj::heapArray<capnp::word>(data.size() / sizeof(capnp::word));
  if (!data.empty()) std::memcpy(words.begin(), data.data(), data.size());
  return words;
}

} // namespace interswarm::codec
