#pragma once

#include "actors/bridge/importer.hpp"

namespace interswarm {

/// How each overlay names a content whose hashes are known: a v1 torrent (BEP 3), a v2 torrent (BEP
/// 52), an ed2k link. See docs/decisions/0105.
std::vector<bridge::naming> all_namings();

} // namespace interswarm
