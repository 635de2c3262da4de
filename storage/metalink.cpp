#include "storage/metalink.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

namespace interswarm {

namespace {

constexpr std::string_view metalink4 = "urn:ietf:params:xml:ns:metalink";
constexpr std::string_view metalink3 = "http://www.metalinker.org/";
constexpr std::uint32_t last_priority = 999'999;

/// A failure inside the document, thrown no further than parse_metalink.
using failure = tl::unexpected<error>;

failure malformed(const std::string& what) { return fail(errc::malformed, "metalink: " + what); }
failure too_large(const std::string& what) { return fail(errc::too_large, "metalink: " + what); }

std::string_view local_name(std::string_view qualified) {
  const auto colon = qualified.find(':');
  return colon == std::string_view::npos ? qualified : qualified.substr(colon + 1);
}

bool is(const pugi::xml_node& node, std::string_view name) {
  return node.type() == pugi::node_element && local_name(node.name()) == name;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string_view text_of(const pugi::xml_node& node) { return trimmed(node.child_value()); }

template <class Number>
std::optional<Number> number_in(std::string_view text, Number least, Number most) {
  Number out{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc() || end != text.data() + text.size() || out < least || out > most)
    return std::nullopt;
  return out;
}

/// The namespace that the root element's own prefix, or no prefix, stands for.
std::string_view namespace_of(const pugi::xml_node& root) {
  const std::string_view name = root.name();
  const auto colon = name.find(':');
  const std::string attribute =
      colon == std::string_view::npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon));
  return root.attribute(attribute.c_str()).value();
}

bool stays_inside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\\') != std::string_view::npos)
    return false;
  for (std::size_t at = 0; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, slash - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = slash + 1;
  }
  return std::none_of(path.begin(), path.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

template <class Digest>
result<void> read_digest(std::string_view text, std::optional<Digest>& out) {
  const auto raw = from_hex(text);
  if (!raw || raw->size() != std::tuple_size_v<Digest>)
    return malformed("a hash that is none: " + printable(text, 80));
  Digest digest;
  std::copy(raw->begin(), raw->end(), digest.begin());
  if (out && *out != digest) return malformed("two different hashes of one kind");
  out = digest;
  return {};
}

result<void> read_hash(const pugi::xml_node& node, metalink_file& file) {
  const std::string_view type = node.attribute("type").value();
  const auto text = text_of(node);
  if (type == "md5") return read_digest(text, file.md5);
  if (type == "sha-1") return read_digest(text, file.sha1);
  if (type == "sha-256") return read_digest(text, file.sha256);
  if (type == "ed2k") return read_digest(text, file.ed2k);
  return {};
}

std::optional<hash_algorithm> piece_algorithm(std::string_view type) {
  if (type == "md5") return hash_algorithm::md5;
  if (type == "sha-1") return hash_algorithm::sha1;
  if (type == "sha-256") return hash_algorithm::sha256;
  return std::nullopt;
}

result<void> read_pieces(const pugi::xml_node& node, metalink_file& file) {
  metalink_pieces out;
  const auto algorithm = piece_algorithm(node.attribute("type").value());
  if (!algorithm) return {};
  out.algorithm = *algorithm;
  const auto length =
      number_in<std::uint64_t>(node.attribute("length").value(), 1, limits::content_bytes);
  if (!length) return malformed("pieces without a length");
  out.length = *length;
  for (const auto& child : node.children()) {
    if (!is(child, "hash")) continue;
    const auto digest = from_hex(text_of(child));
    if (!digest || digest->size() != digest_size(out.algorithm))
      return malformed("a piece hash that is none");
    append(out.digests, *digest);
  }
  if (file.pieces.size() >= limits::metalink_piece_lists)
    return too_large("too many kinds of pieces");
  file.pieces.push_back(std::move(out));
  return {};
}

std::optional<std::uint32_t> priority_of(const pugi::xml_node& node) {
  const auto attribute = node.attribute("priority");
  return attribute ? number_in<std::uint32_t>(attribute.value(), 1, last_priority) : last_priority;
}

/// A URL as it may stand in a log or a link: no spaces, no control characters.
bool plain_url(std::string_view url) {
  return !url.empty() && url.size() <= limits::metalink_url_bytes &&
         url.find(':') != std::string_view::npos && std::all_of(url.begin(), url.end(), [](char c) {
           return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
         });
}

result<void> read_url(const pugi::xml_node& node, metalink_file& file) {
  const auto url = text_of(node);
  const auto priority = priority_of(node);
  if (!plain_url(url) || !priority) return malformed("a url that is none: " + printable(url, 80));
  if (is(node, "url")) {
    if (file.urls.size() >= limits::metalink_urls) return too_large("too many urls of one file");
    file.urls.push_back(
        {std::string(url), *priority, printable(node.attribute("location").value(), 16)});
  } else {
    if (file.metaurls.size() >= limits::metalink_urls)
      return too_large("too many urls of one file");
    file.metaurls.push_back({std::string(url), printable(node.attribute("mediatype").value(), 80),
                             *priority,
                             printable(node.attribute("name").value(), limits::title_bytes)});
  }
  return {};
}

result<void> check_pieces(const metalink_file& file) {
  if (!file.size) return {};
  for (const auto& pieces : file.pieces) {
    const auto count = *file.size / pieces.length + (*file.size % pieces.length != 0);
    if (pieces.digests.size() / digest_size(pieces.algorithm) != count) {
      return malformed(printable(file.name, 80) + " has a wrong number of piece hashes");
    }
  }
  return {};
}

result<metalink_file> read_file(const pugi::xml_node& node) {
  metalink_file out;
  out.name = node.attribute("name").value();
  if (out.name.size() > limits::title_bytes) return too_large("a file name that is too long");
  if (!stays_inside(out.name))
    return malformed("a file name that leaves its folder: " + printable(out.name, 80));
  for (const auto& child : node.children()) {
    result<void> ok;
    if (is(child, "size")) {
      out.size = number_in<std::uint64_t>(text_of(child), 0, limits::content_bytes);
      if (!out.size) return malformed("a size that is none: " + printable(text_of(child), 80));
    } else if (is(child, "hash")) {
      ok = read_hash(child, out);
    } else if (is(child, "pieces")) {
      ok = read_pieces(child, out);
    } else if (is(child, "url") || is(child, "metaurl")) {
      ok = read_url(child, out);
    }
    if (!ok) return tl::unexpected(ok.error());
  }
  if (auto ok = check_pieces(out); !ok) return tl::unexpected(ok.error());
  const auto before = [](const auto& a, const auto& b) { return a.priority < b.priority; };
  std::stable_sort(out.urls.begin(), out.urls.end(), before);
  std::stable_sort(out.metaurls.begin(), out.metaurls.end(), before);
  return out;
}

} // namespace

result<std::vector<metalink_file>> parse_metalink(byte_view document) {
  if (document.size() > limits::metalink_bytes) {
    return too_large("a document of " + std::to_string(document.size()) + " bytes");
  }
  pugi::xml_document xml;
  // Minimal parsing plus character references: no document types, so no entities but XML's own
  // five.
  const auto parsed =
      xml.load_buffer(document.data(), document.size(),
                      pugi::parse_minimal | pugi::parse_escapes | pugi::parse_cdata);
  if (!parsed)
    return malformed(std::string("no XML: ") + parsed.description() + " at byte " +
                     std::to_string(parsed.offset));
  const auto root = xml.document_element();
  if (!is(root, "metalink")) return malformed("no metalink document");
  const auto space = namespace_of(root);
  if (space == metalink3) return malformed("this is Metalink 3; only version 4 (RFC 5854) is read");
  if (space != metalink4) return malformed("no metalink document: its namespace is another");
  std::vector<metalink_file> out;
  for (const auto& child : root.children()) {
    if (!is(child, "file")) continue;
    if (out.size() >= limits::metalink_files) return too_large("too many files");
    auto file = read_file(child);
    if (!file) return tl::unexpected(file.error());
    out.push_back(std::move(*file));
  }
  if (out.empty()) return malformed("no file in it");
  return out;
}

std::vector<msg::hash_list> metalink_hash_lists(const metalink_file& file) {
  std::vector<msg::hash_list> out;
  if (!file.size || *file.size == 0) return out;
  const auto add = [&](msg::hash_algorithm a, std::uint64_t unit, byte_view digests) {
    msg::hash_list list;
    list.algorithm = a;
    list.unit = unit;
    list.end = *file.size;
    list.hashes = slice::copy_of(digests);
    list.evidence = msg::evidence::declared;
    out.push_back(std::move(list));
  };
  for (const auto& pieces : file.pieces) {
    if (pieces.algorithm == hash_algorithm::sha1)
      add(msg::hash_algorithm::sha1, pieces.length, pieces.digests);
    if (pieces.algorithm == hash_algorithm::sha256)
      add(msg::hash_algorithm::sha256, pieces.length, pieces.digests);
  }
  if (file.sha1) add(msg::hash_algorithm::sha1, *file.size, *file.sha1);
  if (file.sha256) add(msg::hash_algorithm::sha256, *file.size, *file.sha256);
  return out;
}

} // namespace interswarm
