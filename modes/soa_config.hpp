#pragma once

#include "actors/node/cluster_desk.hpp"
#include "actors/services/http/http_door.hpp"
#include "actors/storage/repairer.hpp"
#include "actors/storage/storage_network.hpp"
#include "actors/storage/storage_node.hpp"
#include "schema/base/endpoint.hpp"
#include "storage/chunk_rados.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace interswarm {

class config_reader;

/// Sections [cluster], [storage], [service], [[tenant]] and [access] of a node in SOA mode.
struct soa_config {
  // [cluster]
  bool storage = true;
  bool service = true;
  bool access = true;
  /// Members to begin with: "name@host:port", or "host:port" without TLS.
  std::vector<cluster_desk::seed> join;
  /// Certificate names of the other members.
  std::vector<std::string> members;
  /// "host:port" at which the others reach this node; empty: [node] listen.
  std::string advertise;
  /// The same at all nodes.
  storage::storage_network_options network;

  // [storage]
  /// Empty: "chunks" in the data folder.
  std::filesystem::path folder;
  /// With a pool, the chunks are in Ceph; the namespace is the node's domain if it is empty.
  rados_options rados;
  storage::storage_node_options node;
  /// Bytes of chunks; 0: nine tenths of what was free at the start, in the pool as in a folder.
  std::uint64_t quota_bytes = 0;
  /// Chunks survive a crash of the machine when they are acknowledged, not only one of the process.
  bool sync = true;

  // [service]
  /// File or connection string of the database; empty: "catalogue.db" in the data folder.
  std::string catalogue;
  /// Certificate names of content providers.
  std::vector<std::string> publishers;
  std::uint64_t default_quota_bytes = 0;
  std::map<std::string, std::uint64_t> quotas;
  /// What ended longer ago is no more in the accounts; 0: they are kept for ever.
  std::chrono::seconds keep_accounts{0};
  storage::repairer_options repair;

  // [access]
  http::http_door_options http;
  /// What HTTP clients call this node: "https://content.example.org"; empty: from `http`.
  std::string http_url;
  /// A line "ID SECRET" for each key that signs URLs, see `interswarm sign`.
  std::string url_keys;
};

/// The keys in a file as `url_keys` names it. Fails `io`, `configuration`.
result<std::vector<http::url_key>> read_url_keys(const std::string& file);
/// "host:port" or "name@host:port". Fails `configuration`.
result<cluster_desk::seed> read_seed(const std::string& text);
/// Reads the sections above.
void read_soa_config(config_reader& file, soa_config& out);

} // namespace interswarm
