#pragma once

#include "modes/node_client.hpp"

#include <string>

namespace interswarm {

/// Logs a party in at the access node that `node` is connected to, with the token in the first line
/// of that file. Fails `io`, and as `Session.login` does: `denied` for a wrong token.
result<msg::access_service_actor> log_in_as_party(node_client& node, const std::string& token_file);

} // namespace interswarm
