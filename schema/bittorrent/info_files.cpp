#include "schema/bittorrent/info_files.hpp"

#include <algorithm>
#include <set>

namespace interswarm::bittorrent {

namespace {

using bencode::value;

struct file_list {
  std::vector<file_entry> files;
  std::uint64_t total_length = 0;
  bool single_file = false;
};

template <std::size_t N>
std::optional<std::array<byte, N>> find_digest(const value& v, std::string_view key) {
  const auto raw = v.find_string(key);
  if (!raw || raw->size() != N) return std::nullopt;
  std::array<byte, N> out{};
  std::copy(raw->begin(), raw->end(), out.begin());
  return out;
}

void read_extras(const value& v, file_entry& out) {
  out.ed2k = find_digest<16>(v, "ed2k");
  out.sha1 = find_digest<20>(v, "sha1");
  // `md5sum` is 32 hexadecimal characters in BEP 3's time, 16 raw bytes in some makers' files.
  out.md5 = find_digest<16>(v, "md5");
  if (!out.md5) out.md5 = find_digest<16>(v, "md5sum");
  if (const auto text = v.find_text("md5sum"); text && text->size() == 32 && !out.md5) {
    md5_digest digest{};
    bool good = true;
    for (std::size_t i = 0; i < 32; ++i) {
      const char c = (*text)[i];
      const int n = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
      good = good && n >= 0;
      digest[i / 2] = static_cast<byte>(digest[i / 2] << 4 | (n & 15));
    }
    if (good) out.md5 = digest;
  }
}

tl::unexpected<error> bad(const char* what) {
  return fail(errc::malformed, std::string("torrent: ") + what);
}

result<void> grow(std::uint64_t& total, std::uint64_t length) {
  if (length > limits::total_length || total + length > limits::total_length)
    return fail(errc::too_large, "torrent: the files are too long together");
  total += length;
  return {};
}

/// One entry of the v1 `files` list; a pad file only moves the total.
result<void> add_v1_file(const value& entry, file_list& out) {
  const auto length = entry.find_unsigned("length");
  if (!length) return bad("a file without a length");
  const auto attributes = entry.find_text("attr").value_or("");
  if (attributes.find('p') != attributes.npos) return grow(out.total_length, *length);
  file_entry file;
  file.length = *length;
  file.offset = out.total_length;
  file.attributes = attributes.substr(0, 8);
  const auto path = entry.find("path");
  for (const auto& part : path ? path->items() : std::vector<value>{}) {
    const auto text = part.text();
    const auto safe = text ? sanitise_component(*text) : std::nullopt;
    if (!safe || file.path.size() >= limits::path_components)
      return bad("a file with an unusable path");
    file.path.push_back(*safe);
  }
  if (file.path.empty()) return bad("a file without a path");
  if (out.files.size() >= limits::files) return fail(errc::too_large, "torrent: too many files");
  read_extras(entry, file);
  out.files.push_back(std::move(file));
  return grow(out.total_length, *length);
}

result<file_list> parse_v1(const value& root) {
  file_list out;
  if (const auto length = root.find("length")) {
    if (!length->unsigned_integer()) return bad("an unusable length");
    file_entry file;
    file.length = *length->unsigned_integer();
    file.attributes = root.find_text("attr").value_or("").substr(0, 8);
    read_extras(root, file);
    out.files.push_back(std::move(file));
    out.single_file = true;
    if (auto ok = grow(out.total_length, out.files[0].length); !ok)
      return tl::unexpected(ok.error());
    return out;
  }
  const auto list = root.find("files");
  if (!list || !list->is_list()) return bad("neither a length nor a list of files");
  for (const auto& entry : list->items()) {
    if (auto ok = add_v1_file(entry, out); !ok) return tl::unexpected(ok.error());
  }
  if (out.files.empty()) return bad("no files");
  return out;
}

class tree_reader {
public:
  tree_reader(std::uint64_t piece_length, file_list& out)
      : piece_length_(piece_length), out_(&out) {}

  /// `path` is what leads to `dir`. The depth is bounded by the decoder's own.
  result<void> directory(const value& dir, std::vector<std::string>& path) {
    if (!dir.is_dict()) return bad("a directory of the file tree is not a dictionary");
    for (const auto& [name, child] : dir.entries()) {
      const auto safe = sanitise_component(name);
      if (!safe || path.size() >= limits::path_components)
        return bad("a file with an unusable path");
      path.push_back(*safe);
      const auto leaf = child.find("");
      auto ok = leaf ? file(*leaf, path) : directory(child, path);
      if (!ok) return ok;
      path.pop_back();
    }
    return {};
  }

private:
  result<void> file(const value& leaf, const std::vector<std::string>& path) {
    const auto length = leaf.find_unsigned("length");
    if (!length) return bad("a file without a length");
    if (out_->files.size() >= limits::files)
      return fail(errc::too_large, "torrent: too many files");
    file_entry entry;
    entry.path = path;
    entry.length = *length;
    entry.attributes = leaf.find_text("attr").value_or("").substr(0, 8);
    entry.pieces_root = find_digest<32>(leaf, "pieces root");
    if (entry.pieces_root.has_value() != (entry.length > 0))
      return bad("a pieces root that does not fit its file");
    read_extras(leaf, entry);
    if (entry.length > 0) {
      if (const auto over = out_->total_length % piece_length_; over != 0)
        out_->total_length += piece_length_ - over;
    }
    entry.offset = out_->total_length;
    out_->files.push_back(std::move(entry));
    return grow(out_->total_length, *length);
  }

  std::uint64_t piece_length_;
  file_list* out_;
};

result<file_list> parse_v2(const value& root, std::string_view raw_name,
                           std::uint64_t piece_length) {
  const auto tree = root.find("file tree");
  if (!tree) return bad("no file tree");
  file_list out;
  std::vector<std::string> path;
  if (auto ok = tree_reader(piece_length, out).directory(*tree, path); !ok)
    return tl::unexpected(ok.error());
  if (out.files.empty()) return bad("no files");
  // One entry at the top that is called as the torrent is a file, not a directory that holds it
  // (BEP 52).
  const auto top = tree->entries();
  if (top.size() == 1 && top[0].first == raw_name && top[0].second.find("")) {
    out.single_file = true;
    out.files[0].path.clear();
  }
  return out;
}

result<void> check_doubles(const file_list& list) {
  std::set<std::vector<std::string>> seen;
  for (const auto& file : list.files) {
    if (!seen.insert(file.path).second) return bad("two files of the same path");
  }
  return {};
}

/// The v2 files and the v1 files must be the same, in the same order, each v1 file at its v2 place.
result<void> merge(file_list& v2, const file_list& v1) {
  if (v1.single_file != v2.single_file || v1.files.size() != v2.files.size())
    return bad("the v1 and v2 file lists differ");
  for (std::size_t i = 0; i < v1.files.size(); ++i) {
    const auto& a = v1.files[i];
    auto& b = v2.files[i];
    if (a.path != b.path || a.length != b.length || (a.length > 0 && a.offset != b.offset))
      return bad("the v1 and v2 file lists differ");
    if (!b.ed2k) b.ed2k = a.ed2k;
    if (!b.sha1) b.sha1 = a.sha1;
    if (!b.md5) b.md5 = a.md5;
  }
  return {};
}

} // namespace

result<void> parse_files(const value& root, std::string_view raw_name, torrent_info& out) {
  file_list list;
  if (out.has_v2) {
    auto v2 = parse_v2(root, raw_name, out.piece_length);
    if (!v2) return tl::unexpected(v2.error());
    list = std::move(*v2);
  }
  if (out.has_v1) {
    auto v1 = parse_v1(root);
    if (!v1) return tl::unexpected(v1.error());
    const auto pieces = root.find_string("pieces");
    if (!pieces || pieces->size() % 20 != 0)
      return bad("the pieces are not a string of SHA-1 hashes");
    const auto count =
        v1->total_length / out.piece_length + (v1->total_length % out.piece_length != 0 ? 1 : 0);
    if (pieces->size() / 20 != count) return bad("the count of pieces does not fit the length");
    out.pieces.assign(pieces->begin(), pieces->end());
    if (out.has_v2) {
      if (auto ok = merge(list, *v1); !ok) return ok;
      list.total_length = v1->total_length;
    } else {
      list = std::move(*v1);
    }
  }
  if (list.total_length / out.piece_length >= limits::pieces)
    return fail(errc::too_large, "torrent: too many pieces");
  if (auto ok = check_doubles(list); !ok) return ok;
  out.files = std::move(list.files);
  out.total_length = list.total_length;
  out.single_file = list.single_file;
  return {};
}

} // namespace interswarm::bittorrent
