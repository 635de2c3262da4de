#pragma once

#include "storage/chunk_rados.hpp"
#include "tests/chunk_place.hpp"

#include <csignal>
#include <string>
#include <vector>

/// A Ceph cluster on loopback: a monitor, a manager (it counts what quotas need) and a BlueStore
/// OSD on a file, with cephx. Its daemons die with this process.
class rados_cluster {
public:
  /// Throws when a daemon does not come up.
  rados_cluster();
  ~rados_cluster();
  rados_cluster(const rados_cluster&) = delete;
  rados_cluster& operator=(const rados_cluster&) = delete;

  std::string config_file() const { return scratch_.file("ceph.conf"); }
  /// Runs "ceph ..." or "rados ..." as the cluster's administrator; gives what it says, throws when
  /// it fails.
  std::string run(const std::string& program, const std::string& arguments) const;

  void end_osd(int signal);
  /// Returns when it serves.
  void start_osd();

  /// The pool; a user "node" may use its namespaces that begin with "node-".
  static constexpr const char* pool = "chunks";

private:
  void begin();
  void end_all();
  void write_config(const std::string& cluster, const std::string& monitor) const;
  void make_keys() const;
  pid_t start(const std::vector<std::string>& command) const;
  static void end(pid_t& daemon, int signal);

  scratch_folder scratch_;
  pid_t monitor_ = 0;
  pid_t manager_ = 0;
  pid_t osd_ = 0;
};

/// Of loopback; nobody used it a moment ago.
int free_port();

/// The one of this program.
rados_cluster& the_cluster();

/// Of a place in it; the limit of an operation is short.
interswarm::rados_options place_options(const std::string& space, const std::string& config_file);

/// A namespace in it.
class rados_place final : public chunk_place {
public:
  rados_place();
  interswarm::result<std::unique_ptr<interswarm::chunk_backend>> open() const override;
  void flip_byte(const interswarm::chunk_name& name, std::uint64_t offset) const override;
  void overwrite(const interswarm::chunk_name& name, const std::string& text) const override;
  void remove(const interswarm::chunk_name& name) const override;
  std::optional<std::uint64_t> length(const interswarm::chunk_name& name) const override;

  const std::string& space() const { return space_; }
  /// Runs "rados ..." in the namespace.
  std::string run(const std::string& arguments) const;

private:
  std::string space_;
};
