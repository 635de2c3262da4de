#include "modes/compare/live/contents.hpp"

#include "modes/naming.hpp"
#include "schema/bittorrent/record.hpp"
#include "schema/ed2k/record.hpp"
#include "storage/content_hasher.hpp"

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace interswarm::compare {

namespace {

constexpr std::size_t block_size = std::size_t{1} << 20;

/// Bytes that no client can compress, from one number (SplitMix64: fast, and any seed will do).
class byte_stream {
public:
  explicit byte_stream(std::uint64_t seed) : state_(seed) {}
  void fill(std::vector<char>& out) {
    for (std::size_t at = 0; at + 8 <= out.size(); at += 8) {
      const auto word = next();
      std::memcpy(out.data() + at, &word, 8);
    }
  }

private:
  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

result<void> write_file(const std::string& path, std::uint64_t size, std::uint64_t seed) {
  byte_stream random(seed);
  std::vector<char> block(block_size);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  for (std::uint64_t done = 0; out && done < size; done += block.size()) {
    random.fill(block);
    out.write(block.data(),
              static_cast<std::streamsize>(std::min<std::uint64_t>(block.size(), size - done)));
  }
  if (out.flush()) return {};
  return fail(errc::no_room, path + ": cannot be written; is the disk full?");
}

hash_plan hashes_wanted(std::uint64_t size) {
  auto out = hash_plan::none();
  out.bep52 = out.ed2k = out.aich = true;
  out.v1_piece_lengths = {bittorrent::default_piece_length(size)};
  return out;
}

result<void> name_content(live_content& c, const std::string& title) {
  const auto hashes = hash_file(c.file, hashes_wanted(c.size));
  if (!hashes) return tl::unexpected(hashes.error());
  for (const auto& naming : all_namings()) {
    auto records = naming.make(*hashes, title);
    if (!records) return tl::unexpected(records.error());
    // Of several torrents the first one, which is v1.
    if (!records->empty()) c.held[naming.overlay] = std::move(records->front());
  }
  const auto torrent = bittorrent::make_metainfo(c.held["bittorrent"]);
  if (!torrent) return tl::unexpected(torrent.error());
  c.wanted["bittorrent"] = bittorrent::make_records(*torrent, 0).front();
  const auto encoded = bittorrent::encode_metainfo(*torrent);
  std::ofstream out(c.torrent_file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(encoded.data()),
            static_cast<std::streamsize>(encoded.size()));
  if (!out.flush()) return fail(errc::no_room, c.torrent_file + ": cannot be written");
  const auto link = ed2k::make_link(c.held["ed2k"]);
  if (!link) return tl::unexpected(link.error());
  c.ed2k_link = ed2k::to_string(*link);
  c.wanted["ed2k"] = ed2k::make_record(*link);
  return {};
}

} // namespace

result<std::vector<live_content>> make_contents(const plan& p, const std::string& folder,
                                                const share_done& progress) {
  std::vector<live_content> out;
  for (std::size_t i = 0; i < p.contents.size(); ++i) {
    const auto title = "content-" + std::to_string(i) + ".bin";
    live_content c;
    c.file = folder + "/" + title;
    c.size = p.contents[i].size;
    c.torrent_file = folder + "/content-" + std::to_string(i) + ".torrent";
    const auto seed = (p.seed ^ 0x636F6D70617265ull) + (std::uint64_t{i} << 40);
    if (auto ok = write_file(c.file, c.size, seed); !ok) return tl::unexpected(ok.error());
    if (auto ok = name_content(c, title); !ok) return tl::unexpected(ok.error());
    out.push_back(std::move(c));
    progress(static_cast<double>(i + 1) / static_cast<double>(p.contents.size()));
  }
  return out;
}

} // namespace interswarm::compare
