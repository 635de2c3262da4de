#pragma once

#include "actors/bridge/importer.hpp"

namespace interswarm {

/// How each overlay names a content whose hashes are known: a hybrid torrent (BEP 52) and an ed2k
/// link.
std::vector<bridge::naming> all_namings();

} // namespace interswarm
