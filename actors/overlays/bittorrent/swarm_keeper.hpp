#pragma once

#include "actors/overlays/bittorrent/swarm_snapshot.hpp"
#include "actors/overlays/bittorrent/swarm_store.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace interswarm::bittorrent {

/// Keeps a tracker's swarms over restarts, kill -9 included: writes them to a file beside their old
/// self, a few seconds after they changed and at the end, on a thread of its own.
class swarm_keeper {
public:
  /// What the last run left in `file`; nothing where there is none or it is not whole.
  struct kept {
    snapshot_header header;
    std::vector<saved_swarm> swarms;
    /// One line for the log where a file was passed over.
    std::string warning;
  };
  static std::optional<kept> load(const std::string& file);
  /// Enters `k` into the store, without peers whose time is over by now.
  static void restore(const kept& k, swarm_store& store, std::uint64_t now_ms, std::uint64_t now_s);

  swarm_keeper(std::string file, const swarm_store& store);
  /// Saves once more.
  ~swarm_keeper();
  swarm_keeper(const swarm_keeper&) = delete;
  swarm_keeper& operator=(const swarm_keeper&) = delete;

  /// A line for the log when saving begins to fail or works again, once.
  std::string take_trouble();

private:
  void run();
  void save();
  result<void> write();
  void note(const std::string& trouble);

  std::string file_;
  const swarm_store& store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::string last_trouble_;
  std::string untold_;
  std::uint64_t saved_changes_ = 0;
  std::thread thread_;
};

} // namespace interswarm::bittorrent
