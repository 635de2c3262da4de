#include "schema/ed2k/link.hpp"

#include "schema/base/encoding.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/part_hashes.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::ed2k {

namespace {

constexpr std::string_view scheme = "ed2k://";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_folded(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

tl::unexpected<error> bad(std::string_view what, std::string_view where) {
  return fail(errc::malformed,
              "ed2k link: " + std::string(what) + " \"" + printable(where, 60) + '"');
}

tl::unexpected<error> too_many(std::string_view what, std::size_t limit) {
  return fail(errc::too_large,
              "ed2k link: more than " + std::to_string(limit) + ' ' + std::string(what));
}

template <class Integer>
std::optional<Integer> number(std::string_view text) {
  Integer out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return out;
}

std::optional<md4_digest> md4_from_hex(std::string_view text) {
  const auto raw = from_hex(text);
  md4_digest out;
  if (!raw || raw->size() != out.size()) return std::nullopt;
  std::copy(raw->begin(), raw->end(), out.begin());
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Browsers and mail programs escape the separators.
std::string with_plain_separators(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (starts_with_folded(text.substr(i), "%7c")) {
      out += '|';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

result<link_source> parse_source(std::string_view text) {
  auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 4) return bad("not a source", text);
  const auto port = number<std::uint16_t>(parts[1]);
  if (parts[0].empty() || parts[0].size() > 255 || !port || *port == 0)
    return bad("not a source", text);
  link_source out{.host = std::string(parts[0]), .port = *port, .crypt = 0, .user_hash = {}};
  if (parts.size() >= 3) {
    const auto crypt = number<std::uint8_t>(parts[2]);
    if (!crypt) return bad("not a source's encryption options", text);
    out.crypt = *crypt;
  }
  if (parts.size() == 4) {
    out.user_hash = md4_from_hex(parts[3]);
    if (!out.user_hash) return bad("not a source's user hash", text);
  }
  return out;
}

result<void> parse_sources(std::string_view text, file_link& out) {
  for (const auto part : split(text, ',')) {
    if (part.empty()) continue;
    if (out.sources.size() >= limits::max_link_sources)
      return too_many("sources", limits::max_link_sources);
    auto source = parse_source(part);
    if (!source) return tl::unexpected(source.error());
    out.sources.push_back(std::move(*source));
  }
  return {};
}

result<void> parse_parts(std::string_view text, file_link& out) {
  if (!out.part_hashes.empty()) return bad("a second hash set", text);
  for (const auto part : split(text, ':')) {
    const auto digest = md4_from_hex(part);
    if (!digest) return bad("not a part hash:", part);
    if (out.part_hashes.size() > part_count(out.size)) return bad("too many part hashes at", part);
    out.part_hashes.push_back(*digest);
  }
  return {};
}

result<void> parse_field(std::string_view field, file_link& out) {
  if (starts_with_folded(field, "sources,")) return parse_sources(field.substr(8), out);
  if (starts_with_folded(field, "p=")) return parse_parts(field.substr(2), out);
  if (starts_with_folded(field, "h=")) {
    const auto raw = from_base32(field.substr(2));
    sha1_digest root;
    if (!raw || field.size() != 2 + 32 || raw->size() != root.size())
      return bad("not an AICH hash:", field);
    std::copy(raw->begin(), raw->end(), root.begin());
    if (out.aich && *out.aich != root) return bad("a second AICH hash", field);
    out.aich = root;
  } else if (starts_with_folded(field, "s=")) {
    if (out.urls.size() >= limits::max_link_urls) return too_many("URLs", limits::max_link_urls);
    out.urls.emplace_back(field.substr(2));
  }
  return {}; // "/" and what other programs add
}

/// Settles which form of the hash set `file_link::part_hashes` promises.
result<void> check_parts(file_link& out) {
  if (out.part_hashes.empty()) return {};
  const auto variant = match_part_hashes(out.part_hashes, out.size, out.hash);
  if (!variant) {
    return fail(errc::refuted,
                "ed2k link: the part hashes do not belong to the file hash " + to_hex(out.hash));
  }
  const bool whole_parts = out.size >= part_bytes && out.size % part_bytes == 0;
  out.part_hashes.resize(out.size == 0 ? 1 : part_count(out.size));
  if (whole_parts && *variant == hash_variant::red) out.part_hashes.push_back(md4({}));
  return {};
}

result<any_link> parse_file(const std::vector<std::string_view>& fields) {
  if (fields.size() < 5) return bad("a file link has name, size and hash:", fields[1]);
  file_link out;
  const auto name = percent_decode(fields[2]);
  if (!name || name->empty()) return bad("not a file name:", fields[2]);
  if (name->size() > limits::max_link_name_bytes) {
    return fail(errc::too_large, "ed2k link: the name is longer than " +
                                     std::to_string(limits::max_link_name_bytes) + " bytes");
  }
  out.name = as_text(*name);
  const auto size = number<std::uint64_t>(fields[3]);
  if (!size) return bad("not a size:", fields[3]);
  if (*size > limits::max_file_bytes) {
    return fail(errc::too_large, "ed2k link: the size " + std::to_string(*size) +
                                     " is beyond the network's " +
                                     std::to_string(limits::max_file_bytes) + " bytes");
  }
  out.size = *size;
  const auto hash = md4_from_hex(fields[4]);
  if (!hash) return bad("not a file hash:", fields[4]);
  out.hash = *hash;
  for (std::size_t i = 5; i < fields.size(); ++i) {
    if (auto read = parse_field(fields[i], out); !read) return tl::unexpected(read.error());
  }
  if (auto checked = check_parts(out); !checked) return tl::unexpected(checked.error());
  return any_link(std::move(out));
}

result<any_link> parse_server(const std::vector<std::string_view>& fields) {
  if (fields.size() < 4) return bad("a server link has host and port:", fields[1]);
  const auto port = number<std::uint16_t>(fields[3]);
  if (fields[2].empty() || fields[2].size() > 255) return bad("not a host:", fields[2]);
  if (!port || *port == 0) return bad("not a port:", fields[3]);
  return any_link(server_link{std::string(fields[2]), *port});
}

} // namespace

bool looks_like_link(std::string_view text) { return starts_with_folded(trimmed(text), scheme); }

result<any_link> parse_link(std::string_view text) {
  text = trimmed(text);
  if (text.size() > limits::max_link_bytes) {
    return fail(errc::too_large,
                "ed2k link: longer than " + std::to_string(limits::max_link_bytes) + " bytes");
  }
  if (!starts_with_folded(text, scheme)) return bad("does not begin with ed2k://|:", text);
  text.remove_prefix(scheme.size());
  std::string plain;
  if (starts_with_folded(text, "%7c")) {
    plain = with_plain_separators(text);
    text = plain;
  }
  if (!text.starts_with('|')) return bad("does not begin with ed2k://|:", text);
  if (std::count(text.begin(), text.end(), '|') >
      static_cast<std::ptrdiff_t>(limits::max_link_fields)) {
    return too_many("fields", limits::max_link_fields);
  }
  const auto fields = split(text, '|');
  if (starts_with_folded(fields[1], "file") && fields[1].size() == 4) return parse_file(fields);
  if (starts_with_folded(fields[1], "serverlist") && fields[1].size() == 10) {
    if (fields.size() < 3 || fields[2].empty()) return bad("a server list link has a URL:", text);
    return any_link(server_list_link{std::string(fields[2])});
  }
  if (starts_with_folded(fields[1], "server") && fields[1].size() == 6) return parse_server(fields);
  return bad("neither file, server nor serverlist:", fields[1]);
}

result<file_link> parse_file_link(std::string_view text) {
  auto parsed = parse_link(text);
  if (!parsed) return tl::unexpected(parsed.error());
  if (auto* file = std::get_if<file_link>(&*parsed)) return std::move(*file);
  return bad("names a server, not a file:", text);
}

std::string to_string(const file_link& l) {
  std::string out = std::string(scheme) + "|file|" + percent_encode(as_bytes(l.name)) + '|' +
                    std::to_string(l.size) + '|' + to_hex(l.hash) + '|';
  for (std::size_t i = 0; i < l.part_hashes.size(); ++i) {
    out += (i == 0 ? "p=" : ":") + to_hex(l.part_hashes[i]);
  }
  if (!l.part_hashes.empty()) out += '|';
  if (l.aich) out += "h=" + to_base32(*l.aich) + '|';
  for (const auto& url : l.urls) out += "s=" + url + '|';
  out += '/';
  if (l.sources.empty()) return out;
  out += "|sources";
  for (const auto& source : l.sources) {
    out += ',' + source.host + ':' + std::to_string(source.port);
    if (source.crypt != 0 || source.user_hash) out += ':' + std::to_string(source.crypt);
    if (source.user_hash) out += ':' + to_hex(*source.user_hash);
  }
  return out + "|/";
}

std::string to_string(const server_link& l) {
  return std::string(scheme) + "|server|" + l.host + '|' + std::to_string(l.port) + "|/";
}

std::string to_string(const server_list_link& l) {
  return std::string(scheme) + "|serverlist|" + l.url + "|/";
}

} // namespace interswarm::ed2k
