#include "modes/party_login.hpp"

#include <fstream>

namespace interswarm {

result<msg::access_service_actor> log_in_as_party(node_client& node,
                                                  const std::string& token_file) {
  std::ifstream in(token_file);
  std::string token;
  if (!in || !std::getline(in, token)) return fail(errc::io, token_file + ": no token can be read");
  auto access =
      node.ask<msg::session_login_result>(node.session(), msg::session_login{std::move(token)});
  if (!access) return tl::unexpected(access.error());
  return std::move(access->access);
}

} // namespace interswarm
