// interswarm hash FILE…: every name of a file in one pass, without a node.
#include "modes/command.hpp"
#include "modes/file_names.hpp"
#include "modes/progress.hpp"
#include "schema/base/encoding.hpp"
#include "storage/content_hasher.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace interswarm {

namespace {

struct hash_options {
  std::vector<std::string> files;
  bool json = false;
  std::string torrent;
  std::string output;
  bool overwrite = false;
  naming_options naming;

  std::optional<torrent_version> version() const {
    if (torrent == "v1") return torrent_version::v1;
    if (torrent == "v2") return torrent_version::v2;
    if (torrent == "hybrid") return torrent_version::hybrid;
    return std::nullopt;
  }
};

tl::unexpected<error> write_error(const std::string& path) {
  const int number = errno;
  if (number == EEXIST)
    return fail(errc::conflict, printable(path) + " exists already; name another or say --force");
  return fail(errc::io, "cannot write " + printable(path) + ": " + std::strerror(number));
}

/// Whole or not at all: a reader never sees half a file, and nothing is overwritten unless asked
/// for.
result<void> write_file(const std::string& path, byte_view data, bool overwrite) {
  const auto temporary = path + ".part-" + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return write_error(path);
  bool ok = true;
  for (std::size_t done = 0; ok && done < data.size();) {
    const auto count = ::write(fd, data.data() + done, data.size() - done);
    ok = count > 0 || (count < 0 && errno == EINTR);
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  ok = ok && ::fsync(fd) == 0;
  ok = ::close(fd) == 0 && ok;
  // link() refuses an existing file in one step; rename() would replace it.
  ok = ok && (overwrite ? ::rename(temporary.c_str(), path.c_str())
                        : ::link(temporary.c_str(), path.c_str())) == 0;
  if (ok && overwrite) return {};
  const auto failure = write_error(path);
  ::unlink(temporary.c_str());
  if (ok) return {};
  return failure;
}

result<file_names> names_of(const std::string& path, const hash_options& options) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  // What cannot be sized is told better by the hasher itself.
  auto piece_length = choose_piece_length(code ? 0 : size, options.naming);
  if (!piece_length) return tl::unexpected(piece_length.error());
  hash_plan plan;
  plan.v1_piece_lengths = {*piece_length};
  auto name = std::filesystem::path(path).filename().string();
  progress_line line("hashing " + name);
  auto hashes = hash_file(path, plan, 0, [&](std::uint64_t done, std::uint64_t total) {
    line.show(done, total);
    return true;
  });
  if (!hashes) return tl::unexpected(hashes.error());
  return make_file_names(std::move(name), std::move(*hashes), *piece_length, options.naming);
}

using fields = std::vector<std::pair<std::string, std::string>>;

/// The names as word and value, in the order in which people read them.
fields fields_of(const file_names& n) {
  const auto& h = n.hashes;
  fields out{{"content_id", to_hex(*h.content_id)},
             {"sha1", to_hex(*h.sha1)},
             {"sha256", to_hex(*h.sha256)},
             {"md5", to_hex(*h.md5)},
             {"ed2k", to_hex(*h.ed2k_red)}};
  if (h.ed2k_blue != h.ed2k_red) out.emplace_back("ed2k_blue", to_hex(*h.ed2k_blue));
  out.emplace_back("aich", to_base32(*h.aich_root));
  if (h.ppspp_sha1) out.emplace_back("ppspp_sha1", to_hex(h.ppspp_sha1->root()));
  if (h.ppspp_sha256) out.emplace_back("ppspp_sha256", to_hex(h.ppspp_sha256->root()));
  if (n.v1) out.emplace_back("btih_v1", to_hex(n.v1->info.hash_v1));
  if (n.v2) out.emplace_back("btmh_v2", to_hex(n.v2->info.hash_v2));
  if (n.hybrid) {
    out.emplace_back("btih_hybrid", to_hex(n.hybrid->info.hash_v1));
    out.emplace_back("btmh_hybrid", to_hex(n.hybrid->info.hash_v2));
  }
  for (const auto& [word, link] : {std::pair{"ed2k_link", &n.ed2k_link},
                                   {"magnet_v1", &n.magnet_v1},
                                   {"magnet_v2", &n.magnet_v2},
                                   {"magnet_hybrid", &n.magnet_hybrid}}) {
    if (!link->empty()) out.emplace_back(word, *link);
  }
  return out;
}

void print_json(const std::string& path, const file_names& n) {
  nlohmann::ordered_json out;
  out["file"] = path;
  out["size"] = n.hashes.size;
  out["piece_length"] = n.piece_length;
  for (const auto& [word, value] : fields_of(n)) out[word] = value;
  // A file name may be no UTF-8, which JSON must be.
  std::cout << out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void print_text(const std::string& path, const file_names& n) {
  std::printf("%s\n  %-14s %llu bytes\n  %-14s %llu\n", printable(path, 4096).c_str(), "size",
              static_cast<unsigned long long>(n.hashes.size), "piece length",
              static_cast<unsigned long long>(n.piece_length));
  for (auto [word, value] : fields_of(n)) {
    for (auto& c : word) c = c == '_' ? ' ' : c;
    std::printf("  %-14s %s\n", word.c_str(), value.c_str());
  }
  std::fflush(stdout);
}

result<void> write_torrent(const file_names& n, const hash_options& options) {
  const auto version = options.version();
  if (!version) return {};
  const auto& torrent = n.torrent(*version);
  if (!torrent) {
    return fail(errc::malformed, "no " + options.torrent + " torrent can be made of " +
                                     printable(n.name) +
                                     (n.hashes.size == 0 ? ": v2 has no name for an empty file"
                                                         : ": its name or size does not fit"));
  }
  return write_file(options.output, bittorrent::encode_metainfo(*torrent), options.overwrite);
}

int run_hash(const hash_options& options) {
  if (!options.torrent.empty() && options.files.size() != 1) {
    std::cerr << "interswarm hash: --torrent makes a torrent of one file; name just one\n";
    return 2;
  }
  if (options.torrent.empty() != options.output.empty()) {
    std::cerr << "interswarm hash: --torrent and --output go together\n";
    return 2;
  }
  if (const auto ok = choose_piece_length(0, options.naming); !ok) {
    std::cerr << "interswarm hash: " << ok.error().text << "\n";
    return 2;
  }
  int exit_code = 0;
  const auto report = [&](const error& e) {
    std::cerr << "interswarm hash: " << e.text << std::endl;
    exit_code = 1;
  };
  for (const auto& path : options.files) {
    const auto names = names_of(path, options);
    if (!names) {
      report(names.error());
      continue;
    }
    options.json ? print_json(path, *names) : print_text(path, *names);
    if (const auto ok = write_torrent(*names, options); !ok) report(ok.error());
  }
  std::cout.flush();
  if (!std::cout || std::ferror(stdout) != 0) {
    std::cerr << "interswarm hash: cannot write to standard output\n";
    exit_code = 1;
  }
  return exit_code;
}

} // namespace

void add_hash_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "hash", "Print every name of a file: links for each system, from one pass over it");
  const auto options = std::make_shared<hash_options>();
  command->add_option("FILE", options->files, "Files to hash")->required();
  command->add_flag("--json", options->json, "One JSON object a line, for programs");
  command
      ->add_option(
          "--piece-length", options->naming.piece_length,
          "BitTorrent piece length in bytes, or as 256KiB; by the file's size if not given")
      ->transform(CLI::AsSizeValue(false));
  command
      ->add_option("--tracker", options->naming.trackers,
                   "Tracker to put into magnets and torrents; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--torrent", options->torrent, "Also write a torrent of this version")
      ->check(CLI::IsMember({"v1", "v2", "hybrid"}));
  command->add_option("-o,--output", options->output, "Where to write the torrent");
  command->add_flag("--force", options->overwrite, "Replace the torrent if it is there");
  command->add_flag("--cross-hashes", options->naming.cross_hashes,
                    "Put ed2k and SHA-1 into the v1 info dictionary (changes its info-hash)");
  command->callback([options, &exit_code] { exit_code = run_hash(*options); });
}

} // namespace interswarm
