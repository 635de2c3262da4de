#include "modes/fetch_command.hpp"

#include "actors/overlays/ppsp/group_tree.hpp"
#include "modes/name_argument.hpp"
#include "modes/party_login.hpp"
#include "modes/print.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/ppsp/record.hpp"
#include "storage/content_hasher.hpp"
#include "storage/hash_list.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace interswarm {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t read_size = 1 << 20;
constexpr std::size_t reads_in_flight = 16;
constexpr auto read_deadline = 300s;
constexpr auto size_deadline = 180s;
constexpr auto retry_pause = 2s;
constexpr int max_repairs = 3;
/// Verified bytes are told to the source in runs of this size.
constexpr std::uint64_t told_at_once = 16 << 20;

/// A file under a temporary name beside its target; removed unless it was kept.
class partial_file {
public:
  explicit partial_file(const std::string& path)
      : target_(path), path_(path + ".part"),
        fd_(::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  ~partial_file() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!kept_) ::unlink(path_.c_str());
  }
  partial_file(const partial_file&) = delete;
  partial_file& operator=(const partial_file&) = delete;

  bool good() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }
  result<void> write(std::uint64_t offset, byte_view data) {
    while (!data.empty()) {
      const auto n = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(errc::io, path_ + ": " + std::strerror(errno));
      offset += static_cast<std::uint64_t>(n);
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  result<bytes> read(byte_range r) const {
    bytes out(r.size());
    std::size_t done = 0;
    while (done < out.size()) {
      const auto n =
          ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(r.begin + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        return fail(errc::io,
                    path_ + ": " + (n < 0 ? std::strerror(errno) : "shorter than written"));
      done += static_cast<std::size_t>(n);
    }
    return out;
  }
  result<void> keep() {
    if (::fsync(fd_) != 0 || ::rename(path_.c_str(), target_.c_str()) != 0) {
      return fail(errc::io, target_ + ": " + std::strerror(errno));
    }
    kept_ = true;
    return {};
  }

private:
  std::string target_;
  std::string path_;
  int fd_;
  bool kept_ = false;
};

result<msg::source_state> wait_for_size(node_client& node, const msg::source_actor& source,
                                        bool show) {
  const auto until = std::chrono::steady_clock::now() + size_deadline;
  std::uint64_t version = 0;
  std::string waits_for;
  while (std::chrono::steady_clock::now() < until) {
    auto info = node.ask<msg::source_info_result>(source, msg::source_info{version, 2000}, 90s);
    if (info && info->info.size != msg::unknown_size) return std::move(info->info);
    if (info) {
      version = info->info.version;
      continue;
    }
    // Nobody offers it now: somebody may in a moment.
    if (info.error().code != errc::unavailable) return tl::unexpected(info.error());
    if (show && info.error().text != waits_for) std::cerr << info.error().text << "\n";
    waits_for = info.error().text;
    std::this_thread::sleep_for(retry_pause);
  }
  return fail(errc::timed_out, "no party gave the content in 180 s; is one with all of it online?");
}

/// Proof of the sought name itself that covers all of the content, the strongest first.
std::optional<checked_hash_list> choose_proof(const std::vector<msg::name_record>& records,
                                              const msg::name& name, std::uint64_t size) {
  std::optional<checked_hash_list> best;
  for (const auto& r : records) {
    if (r.name != name) continue;
    for (const auto& list : r.hashes) {
      if (list.evidence < msg::evidence::verified || list.offset != 0 || list.end != size) continue;
      auto checked = checked_hash_list::make(list);
      if (checked && (!best || checked->algorithm() > best->algorithm()))
        best = std::move(*checked);
    }
  }
  return best;
}

result<void> read_all(node_client& node, const msg::source_actor& source, byte_range whole,
                      partial_file& file, bool show) {
  auto& self = node.self();
  const auto ask = [&](byte_range r) {
    msg::source_read question;
    question.range = {r.begin, r.end};
    question.deadline_ms =
        static_cast<std::uint32_t>(std::chrono::milliseconds(read_deadline).count());
    return self->request(source, read_deadline + 5s, std::move(question));
  };
  std::deque<std::pair<byte_range, decltype(ask(whole))>> waiting;
  auto next = whole.begin;
  result<void> outcome;
  while (outcome && (next < whole.end || !waiting.empty())) {
    while (next < whole.end && waiting.size() < reads_in_flight) {
      const byte_range r{next, std::min(next + read_size, whole.end)};
      waiting.emplace_back(r, ask(r));
      next = r.end;
    }
    auto [r, handle] = std::move(waiting.front());
    waiting.pop_front();
    handle.receive(
        [&, range = r](const msg::source_read_result& x) {
          outcome = file.write(range.begin, x.data);
        },
        [&](caf::error& why) { outcome = tl::unexpected(runtime::to_error(why)); });
    if (show)
      std::cerr << "\r" << human_bytes(r.end) << " of " << human_bytes(whole.end) << "   "
                << std::flush;
  }
  if (show) std::cerr << "\n";
  return outcome;
}

result<void> judge(node_client& node, const msg::source_actor& source, byte_range r,
                   msg::verdict verdict) {
  return node.ask_done(source, msg::source_judge{{r.begin, r.end}, verdict});
}

/// Checks each unit; what is wrong is fetched again, a few times.
result<void> check_units(node_client& node, const msg::source_actor& source,
                         const checked_hash_list& proof, partial_file& file) {
  byte_range good;
  for (std::uint64_t i = 0; i < proof.grid().count(); ++i) {
    const auto unit = proof.grid().unit(i);
    for (int repairs = 0;; ++repairs) {
      const auto data = file.read(unit);
      if (!data) return tl::unexpected(data.error());
      if (proof.verify_unit(i, *data)) break;
      if (repairs == max_repairs)
        return fail(errc::refuted, "the bytes that came are not what the name says");
      if (auto told = judge(node, source, unit, msg::verdict::bad); !told) return told;
      if (auto again = read_all(node, source, unit, file, false); !again) return again;
    }
    good = {good.empty() ? unit.begin : good.begin, unit.end};
    if (good.size() < told_at_once && i + 1 < proof.grid().count()) continue;
    if (auto told = judge(node, source, good, msg::verdict::good); !told) return told;
    good = {};
  }
  return {};
}

/// A PPSPP swarm's bytes hash up to its id.
result<void> check_swarm(const ppsp::swarm_key& key, std::uint64_t size, const partial_file& file) {
  std::vector<ppsp::tree_digest> groups;
  const auto group_bytes = ppsp::group_chunks * key.chunk_bytes;
  for (std::uint64_t at = 0; at < size; at += group_bytes) {
    auto data = file.read({at, std::min(size, at + group_bytes)});
    if (!data) return tl::unexpected(data.error());
    groups.push_back(
        ppsp::chunk_group(key.hash, groups.size(), key.chunk_bytes, std::move(*data)).top());
  }
  if (ppsp::groups_fit(groups, key, ppsp::chunks_of(size, key.chunk_bytes))) return {};
  return fail(errc::refuted, "the bytes that came are not what the name says");
}

/// For a content id, a PPSPP swarm, and an ed2k name whose hash set nobody told: the whole file's
/// hash.
result<void> check_whole(node_client& node, const msg::source_actor& source, const msg::name& name,
                         std::uint64_t size, const partial_file& file) {
  if (name == content_name(name.key)) {
    auto only = hash_plan::none();
    only.bep52 = true;
    const auto hashes = hash_file(file.path(), only);
    if (!hashes) return tl::unexpected(hashes.error());
    if (!equal(*hashes->content_id, name.key))
      return fail(errc::refuted, "the bytes that came are not what the content id names");
    return judge(node, source, {0, size}, msg::verdict::good);
  }
  if (const auto swarm = ppsp::read_name(name)) {
    if (auto same = check_swarm(*swarm, size, file); !same) return same;
    return judge(node, source, {0, size}, msg::verdict::good);
  }
  const auto key = ed2k::read_name(name);
  if (!key)
    return fail(errc::unavailable, "nothing is known that this name's bytes could be checked by");
  auto plan = hash_plan::none();
  plan.ed2k = true;
  const auto hashes = hash_file(file.path(), plan);
  if (!hashes) return tl::unexpected(hashes.error());
  if (hashes->ed2k_red != key->hash && hashes->ed2k_blue != key->hash) {
    return fail(errc::refuted, "the bytes that came are not what the name says");
  }
  return judge(node, source, {0, size}, msg::verdict::good);
}

/// What is fetched: the source, and every name of the content that is known.
struct opened_content {
  msg::source_actor source;
  std::vector<msg::name_record> records;
};

result<opened_content> open_as_operator(node_client& node, std::vector<msg::name_record> records) {
  const auto sought = records.front();
  if (auto known = node.ask<msg::control_names_result>(node.control(),
                                                       msg::control_names{sought.name, false, 0}))
    records.insert(records.end(), known->records.begin(), known->records.end());
  auto opened = node.ask<msg::control_fetch_result>(node.control(), msg::control_fetch{sought});
  if (!opened) return tl::unexpected(opened.error());
  return opened_content{std::move(opened->source), std::move(records)};
}

result<opened_content> open_as_party(node_client& node, std::vector<msg::name_record> records,
                                     const std::string& token_file) {
  const auto access = log_in_as_party(node, token_file);
  if (!access) return tl::unexpected(access.error());
  auto known = node.ask<msg::access_service_lookup_result>(
      *access, msg::access_service_lookup{records.front().name});
  if (!known) return tl::unexpected(known.error());
  for (const auto& r : known->records) {
    if (r.name != content_name(r.name.key)) continue;
    auto opened =
        node.ask<msg::access_service_open_result>(*access, msg::access_service_open{r.name.key});
    if (!opened) return tl::unexpected(opened.error());
    records.insert(records.end(), known->records.begin(), known->records.end());
    return opened_content{std::move(opened->source), std::move(records)};
  }
  return fail(errc::not_found, "no such content");
}

} // namespace

result<void> run_fetch(const node_address& where, const std::vector<std::string>& names,
                       const std::string& path, const std::string& token_file) {
  auto records = read_name_arguments(names);
  if (!records) return tl::unexpected(records.error());
  const auto sought = records->front().name;
  auto node =
      token_file.empty() ? node_client::connect(where) : node_client::connect_as_guest(where);
  if (!node) return tl::unexpected(node.error());
  // Before anything is waited for: a folder that is not there is told at once.
  partial_file file(path);
  if (!file.good()) return fail(errc::io, file.path() + ": " + std::strerror(errno));
  auto opened = token_file.empty() ? open_as_operator(**node, std::move(*records))
                                   : open_as_party(**node, std::move(*records), token_file);
  if (!opened) return tl::unexpected(opened.error());
  const bool show = isatty(STDERR_FILENO) != 0;
  const auto info = wait_for_size(**node, opened->source, show);
  if (!info) return tl::unexpected(info.error());
  opened->records.push_back(info->record);
  if (auto done = read_all(**node, opened->source, {0, info->size}, file, show); !done) return done;
  const auto proof = choose_proof(opened->records, sought, info->size);
  auto checked = proof ? check_units(**node, opened->source, *proof, file)
                       : check_whole(**node, opened->source, sought, info->size, file);
  if (!checked) return checked;
  return file.keep();
}

} // namespace interswarm
