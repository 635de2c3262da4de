#pragma once

#include "modes/node_client.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// With `token_file` as the party whose token is in it, else as an operator.
/// Fetches the content that `names` name through the node at `where` into the file `path`, each
/// part checked under the name's own hashes; the file appears under its name when it is whole.
result<void> run_fetch(const node_address& where, const std::vector<std::string>& names,
                       const std::string& path, const std::string& token_file);

} // namespace interswarm
