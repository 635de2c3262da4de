#pragma once

#include "actors/overlays/bittorrent/content_source.hpp"
#include "actors/overlays/bittorrent/torrent_metadata.hpp"

#include <libtorrent/create_torrent.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_handle.hpp>
#include <libtorrent/torrent_info.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

/// What the tests of the BitTorrent peer share: contents, stock libtorrent sessions, sources that
/// misbehave.
namespace interswarm::bittorrent::testing {

namespace lt = libtorrent;

/// A folder that goes with the test.
struct scratch {
  scratch();
  ~scratch();
  std::filesystem::path path;
};

/// `size` bytes that differ everywhere, the same for the same seed.
bytes content(std::size_t size, std::uint32_t seed = 1);
bytes read_file(const std::filesystem::path& p);

enum class kind { v1, v2, hybrid };

struct made_torrent {
  bytes torrent; // the .torrent file
  std::shared_ptr<lt::torrent_info> info;
  /// Name of file `file` under the v1 hash where there is one, else the v2 hash.
  torrent_name name(std::uint32_t file = 0) const;
  std::shared_ptr<const torrent_metadata> metadata(std::uint32_t file = 0) const;
};

/// Writes the files below `folder` and makes a torrent of them; one file makes a single-file
/// torrent.
made_torrent make_torrent(const std::filesystem::path& folder, const std::string& name,
                          const std::vector<std::pair<std::string, bytes>>& files, kind k,
                          int piece_length, bool is_private = false);

/// An unmodified libtorrent session on 127.0.0.1.
class stock {
public:
  stock();
  lt::torrent_handle add(const made_torrent& t, const std::filesystem::path& folder, bool seed);
  lt::torrent_handle add_magnet(const lt::info_hash_t& hash, const std::filesystem::path& folder);
  endpoint at() const;
  lt::session& session() { return session_; }

private:
  lt::session session_;
};

bool wait_for(const std::function<bool()>& what, std::chrono::milliseconds limit);

/// A source over bytes in memory; answers from a thread of its own.
class memory_source final : public content_source {
public:
  explicit memory_source(bytes data);
  ~memory_source() override;

  void read(byte_range range, std::uint32_t deadline_ms, bool urgent, reply<slice> done) override;
  void judge(byte_range range, bool good) override;
  void watch(std::function<void(range_set)> changed) override;

  void set_have(range_set have);

  std::atomic<int> delay_ms{0};
  std::atomic<bool> fails{false};
  /// One wrong byte in what is read while set.
  std::atomic<bool> lies{false};
  std::atomic<int> reads{0};
  std::atomic<int> most_waiting{0};
  std::atomic<int> judged_bad{0};
  std::atomic<int> judged_good{0};
  std::atomic<std::uint64_t> bytes_read{0};

private:
  struct job {
    std::chrono::steady_clock::time_point due;
    byte_range range;
    reply<slice> done;
  };
  void loop();

  slice data_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> jobs_;
  bool stop_ = false;
  range_set have_;
  std::function<void(range_set)> changed_;
  std::thread thread_;
};

} // namespace interswarm::bittorrent::testing
