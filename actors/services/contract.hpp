#pragma once

#include "schema/service.gen.hpp"
#include "storage/catalogue.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <string>
#include <vector>

/// Messages that stay inside one service node; what crosses nodes is in `schema/service.capnp`.
namespace interswarm::services {

/// What the content is called where the storage network gives it: `msg::name::overlay`. The key is
/// the content id.
inline constexpr std::string_view stored_overlay = "content";

/// All chunks are stored, and held for the content.
struct enter_publication {
  msg::publication what;
  slice chunks;
  /// Names under which the bytes were hashed here, with their proof data.
  std::vector<msg::name_record> records;
};
struct entered_publication {
  msg::publication what;
  /// Every name of the content.
  std::vector<msg::name_record> records;
  /// Contents that nobody publishes any more.
  std::vector<slice> orphans;
};
struct drop_publication {
  slice content_id;
  std::string tenant;
};
struct drop_expired {};
/// Contents that nobody publishes any more.
struct orphaned {
  std::vector<slice> content_ids;
};
/// Contents that are to be kept, in order of id: those after `after`.
struct list_kept {
  slice after;
  std::size_t limit = 0;
};
struct kept_list {
  std::vector<kept_content> contents;
};
/// Which of these are no published contents?
struct find_unknown {
  std::vector<slice> content_ids;
};
struct unknown_contents {
  std::vector<slice> content_ids;
};
struct list_tenant {
  msg::query query;
  std::int64_t before = 0;
  std::uint32_t limit = 0;
};
struct tenant_list {
  std::vector<msg::publication> publications;
};

struct tenant_usage_wanted {
  std::string tenant;
};

/// The catalogue, the names and the ledger of the cluster, on a loop of its own: SQL blocks.
using catalogue_desk_actor =
    msg::catalogue_actor::extend<caf::replies_to<enter_publication>::with<entered_publication>, //
                                 caf::replies_to<drop_publication>::with<orphaned>,             //
                                 caf::replies_to<drop_expired>::with<orphaned>,                 //
                                 caf::replies_to<list_kept>::with<kept_list>,                   //
                                 caf::replies_to<find_unknown>::with<unknown_contents>,         //
                                 caf::replies_to<list_tenant>::with<tenant_list>,               //
                                 caf::replies_to<tenant_usage_wanted>::with<tenant_usage>>;

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::enter_publication)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::entered_publication)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::drop_publication)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::drop_expired)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::orphaned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::list_kept)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::kept_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::find_unknown)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::unknown_contents)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::list_tenant)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::tenant_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::tenant_usage_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::tenant_usage)
