#pragma once

#include "modes/node_client.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// Fetches the content that `names` name through the node at `where` into the file `path`, each
/// part checked under the name's own hashes; the file appears under its name when it is whole.
result<void> run_fetch(const node_address& where, const std::vector<std::string>& names,
                       const std::string& path);

} // namespace interswarm
