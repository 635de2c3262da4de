#include "schema/ed2k/server_entry.hpp"

#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr std::size_t max_u8_list = 255;
constexpr std::uint8_t user_hash_follows = 0x80;

} // namespace

std::uint64_t file_entry::size() const {
  const auto low = tag_integer(tags, tag_name::size);
  const auto high = tag_integer(tags, tag_name::size_high);
  return high == 0 ? low : (low & 0xFFFFFFFF) | high << 32;
}

std::string_view file_entry::name() const { return tag_text(tags, tag_name::name); }

std::string_view file_entry::type() const {
  const auto* found = find_tag(tags, tag_name::type);
  if (found == nullptr) return {};
  if (const auto text = found->text()) return *text;
  // Archives and disc images are searched as programs.
  constexpr std::array<std::string_view, 8> names{"",    "Audio", "Video", "Image",
                                                  "Pro", "Doc",   "Pro",   "Pro"};
  const auto number = found->integer();
  return number && *number < names.size() ? names[*number] : std::string_view{};
}

std::vector<tag> file_tags(std::string_view name, std::uint64_t size) {
  std::vector<tag> out{tag(tag_name::name, std::string(name)),
                       tag(tag_name::size, size & 0xFFFFFFFF)};
  if (size > 0xFFFFFFFF) out.emplace_back(tag_name::size_high, size >> 32);
  return out;
}

decoded<file_entry> read_file_entry(little_endian_reader& in) {
  file_entry out;
  out.hash = in.array<16>();
  out.id.value = in.u32();
  out.port = in.u16();
  auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  if (in.failed()) return drop("file entry cut off");
  out.tags = std::move(*tags);
  return out;
}

void write_file_entry(bytes& out, const file_entry& entry, tag_form form) {
  little_endian_writer(out).put(entry.hash).u32(entry.id.value).u16(entry.port);
  write_tag_list(out, entry.tags, form);
}

decoded<std::vector<file_entry>> read_file_entries(little_endian_reader& in) {
  const auto count = in.u32();
  if (in.failed()) return drop("file list cut off");
  if (count > limits::max_listed_files) return drop("too many files in one list");
  std::vector<file_entry> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto entry = read_file_entry(in);
    if (!entry) return tl::unexpected(entry.error());
    out.push_back(std::move(*entry));
  }
  return out;
}

void write_file_entries(bytes& out, std::span<const file_entry> entries, tag_form form) {
  little_endian_writer(out).u32(static_cast<std::uint32_t>(entries.size()));
  for (const auto& entry : entries) write_file_entry(out, entry, form);
}

void write_source_request(bytes& out, const source_request& request) {
  little_endian_writer writer(out);
  writer.put(request.hash);
  if (!request.size) return;
  if (*request.size <= 0xFFFFFFFF) {
    writer.u32(static_cast<std::uint32_t>(*request.size));
  } else {
    writer.u32(0).u64(*request.size);
  }
}

decoded<source_list> read_source_list(little_endian_reader& in, bool with_crypt) {
  source_list out;
  out.hash = in.array<16>();
  const auto count = in.u8();
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    source_entry entry{.id = {in.u32()}, .port = in.u16()};
    if (with_crypt) {
      entry.crypt = in.u8();
      if ((entry.crypt & user_hash_follows) != 0) entry.user_hash = in.array<16>();
    }
    out.sources.push_back(entry);
  }
  if (in.failed()) return drop("source list cut off");
  return out;
}

void write_source_list(bytes& out, const source_list& list, bool with_crypt) {
  const auto count = std::min(list.sources.size(), max_u8_list);
  little_endian_writer writer(out);
  writer.put(list.hash).u8(static_cast<std::uint8_t>(count));
  for (const auto& source : std::span(list.sources).first(count)) {
    writer.u32(source.id.value).u16(source.port);
    if (!with_crypt) continue;
    const auto flags = source.crypt & ~user_hash_follows;
    writer.u8(static_cast<std::uint8_t>(source.user_hash ? flags | user_hash_follows : flags));
    if (source.user_hash) writer.put(*source.user_hash);
  }
}

decoded<std::vector<endpoint>> read_server_endpoints(little_endian_reader& in) {
  const auto count = in.u8();
  std::vector<endpoint> out;
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    const auto address = client_id{in.u32()}.address();
    out.push_back({address, in.u16()});
  }
  if (in.failed()) return drop("server list cut off");
  return out;
}

void write_server_endpoints(bytes& out, const std::vector<endpoint>& servers) {
  std::vector<endpoint> known;
  std::copy_if(servers.begin(), servers.end(), std::back_inserter(known),
               [](const endpoint& e) { return e.address.is_v4(); });
  known.resize(std::min(known.size(), max_u8_list));
  little_endian_writer writer(out);
  writer.u8(static_cast<std::uint8_t>(known.size()));
  for (const auto& e : known) writer.put(e.address.network_bytes()).u16(e.port);
}

} // namespace interswarm::ed2k
