#include "schema/ed2k/tag.hpp"

#include "schema/ed2k/limits.hpp"

#include <bit>

namespace interswarm::ed2k {

namespace {

enum tag_type : std::uint8_t {
  type_hash = 0x01,
  type_string = 0x02,
  type_u32 = 0x03,
  type_float = 0x04,
  type_bool = 0x05,
  type_bool_array = 0x06,
  type_blob = 0x07,
  type_u16 = 0x08,
  type_u8 = 0x09,
  type_bsob = 0x0A,
  type_u64 = 0x0B,
  type_str1 = 0x11,
  type_str16 = 0x20,
  // Never written by anyone known, tolerated by eMule.
  type_str22 = 0x26,
};

constexpr std::uint8_t one_byte_name_flag = 0x80;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string text_of(byte_view raw) {
  auto text = as_text(raw);
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return std::string(text);
}

bytes copy(byte_view raw) { return {raw.begin(), raw.end()}; }

decoded<tag_value> read_value(little_endian_reader& in, std::uint8_t type) {
  switch (type) {
  case type_hash: return tag_value(in.array<16>());
  case type_string: return tag_value(read_string(in));
  case type_u32: return tag_value(std::uint64_t{in.u32()});
  case type_float: return tag_value(std::bit_cast<float>(in.u32()));
  case type_bool: return tag_value(in.u8() != 0);
  // n/8+1 is what eMule reads, also where n is a multiple of 8.
  case type_bool_array: return tag_value(copy(in.take(std::size_t{in.u16()} / 8 + 1)));
  case type_blob: {
    const std::size_t size = in.u32();
    if (size > limits::max_tag_blob_bytes) return drop("tag blob too long");
    return tag_value(copy(in.take(size)));
  }
  case type_u16: return tag_value(std::uint64_t{in.u16()});
  case type_u8: return tag_value(std::uint64_t{in.u8()});
  case type_bsob: return tag_value(copy(in.take(in.u8())));
  case type_u64: return tag_value(in.u64());
  default: break;
  }
  if (type < type_str1 || type > type_str22) return drop("unknown tag type");
  return tag_value(text_of(in.take(std::size_t{type} - type_str1 + 1)));
}

decoded<std::vector<tag>> read_tags(little_endian_reader& in, std::size_t count) {
  if (in.failed()) return drop("tag list cut short");
  if (count > limits::max_tags) return drop("too many tags");
  std::vector<tag> out;
  for (std::size_t i = 0; i < count; ++i) {
    auto next = read_tag(in);
    if (!next) return tl::unexpected(next.error());
    out.push_back(std::move(*next));
  }
  return out;
}

std::uint8_t type_of(std::uint64_t value, tag_form form) {
  if (value > 0xFFFFFFFF) return type_u64;
  if (form == tag_form::classic || value > 0xFFFF) return type_u32;
  return value > 0xFF ? type_u16 : type_u8;
}

std::uint8_t type_of(const tag_value& value, tag_form form) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return type_of(*number, form);
  if (const auto* text = std::get_if<std::string>(&value)) {
    const bool is_short = form == tag_form::compact && !text->empty() && text->size() <= 16;
    return is_short ? static_cast<std::uint8_t>(type_str1 + text->size() - 1)
                    : std::uint8_t{type_string};
  }
  if (std::holds_alternative<float>(value)) return type_float;
  if (std::holds_alternative<bool>(value)) return type_bool;
  if (std::holds_alternative<md4_digest>(value)) return type_hash;
  return type_blob;
}

void write_value(bytes& out, const tag_value& value, std::uint8_t type) {
  little_endian_writer w(out);
  if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    switch (type) {
    case type_u8: w.u8(static_cast<std::uint8_t>(*number)); return;
    case type_u16: w.u16(static_cast<std::uint16_t>(*number)); return;
    case type_u32: w.u32(static_cast<std::uint32_t>(*number)); return;
    default: w.u64(*number); return;
    }
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (type == type_string) {
      write_string(out, *text);
    } else {
      w.put(as_bytes(*text));
    }
  } else if (const auto* real = std::get_if<float>(&value)) {
    w.u32(std::bit_cast<std::uint32_t>(*real));
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    w.u8(*flag ? 1 : 0);
  } else if (const auto* hash = std::get_if<md4_digest>(&value)) {
    w.put(*hash);
  } else if (const auto* blob = std::get_if<bytes>(&value)) {
    w.u32(static_cast<std::uint32_t>(blob->size())).put(*blob);
  }
}

} // namespace

std::optional<std::uint64_t> tag::integer() const {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  return std::nullopt;
}

std::optional<std::string_view> tag::text() const {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return std::nullopt;
}

decoded<tag> read_tag(little_endian_reader& in) {
  const auto type = in.u8();
  tag out;
  if ((type & one_byte_name_flag) != 0) {
    out.id = in.u8();
  } else {
    const std::size_t length = in.u16();
    if (length > limits::max_tag_name_bytes) return drop("tag name too long");
    const auto name = in.take(length);
    if (name.size() == 1) {
      out.id = name[0];
    } else {
      out.name = as_text(name);
    }
  }
  if (in.failed()) return drop("tag cut short");
  auto value = read_value(in, type & static_cast<std::uint8_t>(~one_byte_name_flag));
  if (!value) return tl::unexpected(value.error());
  if (in.failed()) return drop("tag cut short");
  out.value = std::move(*value);
  return out;
}

decoded<std::vector<tag>> read_tag_list(little_endian_reader& in) {
  return read_tags(in, in.u32());
}
decoded<std::vector<tag>> read_short_tag_list(little_endian_reader& in) {
  return read_tags(in, in.u8());
}

void write_tag(bytes& out, const tag& t, tag_form form) {
  const auto type = type_of(t.value, form);
  little_endian_writer w(out);
  if (!t.name.empty()) {
    w.u8(type).u16(static_cast<std::uint16_t>(t.name.size())).put(as_bytes(t.name));
  } else if (form == tag_form::compact) {
    w.u8(type | one_byte_name_flag).u8(t.id);
  } else {
    w.u8(type).u16(1).u8(t.id);
  }
  write_value(out, t.value, type);
}

void write_tag_list(bytes& out, const std::vector<tag>& tags, tag_form form) {
  little_endian_writer(out).u32(static_cast<std::uint32_t>(tags.size()));
  for (const auto& t : tags) write_tag(out, t, form);
}

const tag* find_tag(const std::vector<tag>& tags, std::uint8_t id) {
  for (const auto& t : tags) {
    if (t.name.empty() && t.id == id) return &t;
  }
  return nullptr;
}

std::uint64_t tag_integer(const std::vector<tag>& tags, std::uint8_t id, std::uint64_t otherwise) {
  const auto* found = find_tag(tags, id);
  return found == nullptr ? otherwise : found->integer().value_or(otherwise);
}

std::string_view tag_text(const std::vector<tag>& tags, std::uint8_t id) {
  const auto* found = find_tag(tags, id);
  return found == nullptr ? std::string_view{} : found->text().value_or(std::string_view{});
}

std::string read_string(little_endian_reader& in) { return text_of(in.take(in.u16())); }

void write_string(bytes& out, std::string_view text) {
  constexpr std::size_t longest = 0xFFFF;
  if (text.size() > longest) {
    auto end = longest;
    while (end > 0 && (static_cast<byte>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  little_endian_writer(out).u16(static_cast<std::uint16_t>(text.size())).put(as_bytes(text));
}

} // namespace interswarm::ed2k
