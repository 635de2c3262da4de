#pragma once

#include "modes/node_client.hpp"
#include "schema/service.gen.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// The storage service of the node that `client` is connected to. Fails `denied`, `unimplemented`.
result<msg::storage_service_actor> storage_service_of(node_client& client,
                                                      const std::string& tenant);

/// Sends the file and waits until it is published, with progress on the terminal. Goes on where it
/// was when the connection breaks, for up to five minutes, and where an earlier call for the same
/// file (unchanged, same draft and `lease`) was when it ended. Begins anew when the node does not
/// know of that any more. Fails `conflict` for a file that changes meanwhile.
result<msg::publish_state> upload_file(const node_address& where, const std::string& tenant,
                                       const msg::publication& draft, const std::string& lease,
                                       const std::string& path);

/// Has the node fetch and publish the content of these mirrors.
result<msg::publish_state> pull_content(const node_address& where, const std::string& tenant,
                                        const msg::publication& draft,
                                        const std::vector<std::string>& urls,
                                        const std::vector<msg::property>& headers);

} // namespace interswarm
