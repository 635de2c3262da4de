#pragma once

#include "tests/scratch.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

/// One node of a cluster as a process of its own, on a loopback port that was free a moment ago;
/// killed with the object, and with the test whatever becomes of that. Members know each other by
/// certificates. Throws std::runtime_error.
class node_process {
public:
  struct membership {
    /// The folder that `make_keys` filled.
    std::string keys;
    std::vector<std::string> members;
    /// "NAME@HOST:PORT" of members to begin with.
    std::vector<std::string> join;
  };
  /// Waits until it is ready. `role` is what it is for: "service" or "access".
  node_process(std::string name, const std::string& role, const membership& cluster);
  ~node_process() { kill(); }
  node_process(const node_process&) = delete;
  node_process& operator=(const node_process&) = delete;

  const std::string& name() const { return name_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string seed() const { return name_ + "@" + address(); }
  /// As when the machine loses power.
  void kill();
  /// Holds it still, as a machine that hangs does, and lets it go on.
  void freeze();
  void thaw();
  std::string log() const;

private:
  void wait_until_ready();

  std::string name_;
  scratch_folder folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// Certificates of one authority in `folder`, by `interswarm keys`.
void make_keys(const std::string& folder, const std::vector<std::string>& names);
