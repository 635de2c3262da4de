#pragma once

#include "schema/base/result.hpp"

#include <memory>
#include <string>

namespace interswarm {

class chunk_store;
class node_folder;
struct soa_config;

/// The chunks of a storage node.
struct opened_chunks {
  std::shared_ptr<chunk_store> store;
  /// "FOLDER, 1000 bytes", for the operator.
  std::string where;
};

/// Opens the folder or the Ceph pool that the configuration names. `domain` is the node's. Fails as
/// they do.
result<opened_chunks> open_chunks(const soa_config& config, const node_folder& folder,
                                  const std::string& domain);

} // namespace interswarm
