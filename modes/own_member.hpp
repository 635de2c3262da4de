#pragma once

#include "modes/soa_config.hpp"

namespace interswarm {

/// How a node shows itself to its cluster. `address` is where the others reach it, `doors` what its
/// clients call.
msg::member own_member(const soa_config& soa, const std::string& id, const std::string& address,
                       const std::vector<msg::door>& doors);

} // namespace interswarm
