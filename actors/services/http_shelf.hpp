#pragma once

#include "actors/services/delivery_desk.hpp"
#include "actors/services/http/http_door.hpp"
#include "actors/services/library.hpp"
#include "actors/storage/chunk_cache.hpp"

#include <functional>
#include <string>
#include <vector>

namespace interswarm::services {

struct http_shelf_options {
  http::http_door_options door;
  /// This node's domain, for the ledger.
  std::string domain;
  /// What a text in a URL may name, the likeliest first; none when it is no name.
  std::function<std::vector<msg::name>(const std::string&)> read_name;
  /// Told what was sent, for the accounts; may be null.
  delivery_desk_actor deliveries{};
  /// The library's (library_context): open contents are remembered while it stands still, for up to
  /// ten seconds. Null: none are.
  std::shared_ptr<change_count> changes{};
  /// May be null: where chunks are in memory already.
  std::shared_ptr<storage::chunk_cache> cache{};
};

/// Serves what is in the library over HTTP and enters in its ledger what was sent, from the storage
/// network to "http". A content that is not open is for those who show a signed URL or the token of
/// a party that may have it: whose party loses that right has its connection cut at once. What is
/// withdrawn is finished for those who read it already. Fails as http::spawn_http_door does.
result<http::http_door> spawn_http_shelf(runtime::loop& home, library_actor shelf,
                                         http_shelf_options options);

} // namespace interswarm::services
