#pragma once

#include "actors/services/pull_work.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace interswarm::services {

/// What all content providers of a service node share.
struct storage_service_context {
  publish_context publishing;
  source_opener open_source;
  /// Told what is known of the origins; on any thread.
  std::function<void(std::function<void(std::vector<msg::origin_server>)>)> origins;
  /// Bytes that a tenant may have stored; a tenant that is not listed has `default_quota`. 0: any.
  std::map<std::string, std::uint64_t> quotas;
  std::uint64_t default_quota = 0;
  /// How long a publication whose provider is gone may be resumed.
  std::chrono::seconds linger = std::chrono::minutes(15);
};

/// Publications at work at one node, and of one tenant.
inline constexpr std::size_t max_works = 64;
inline constexpr std::size_t max_works_per_tenant = 16;
/// URLs of one pull, and headers.
inline constexpr std::size_t max_pull_urls = 32;
inline constexpr std::size_t max_pull_headers = 16;
/// Bytes that tell a provider's file from its others.
inline constexpr std::size_t max_identity_bytes = 64;

/// Work in progress of all tenants, each held until a while after it was last looked for. For the
/// loop on which the services over it are.
class publish_works {
public:
  struct entry {
    std::string tenant;
    /// Null for a pull.
    publish_work_actor uploading;
    msg::publishing_actor work;
    std::chrono::steady_clock::time_point touched{};
    /// What its provider calls the file; empty if nothing.
    slice identity{};
  };

  explicit publish_works(storage_service_context context) : ctx_(std::move(context)) {}

  const storage_service_context& context() const { return ctx_; }
  /// Whether the tenant may begin another one. Fails `overloaded`.
  result<void> admit(const std::string& tenant) const;
  void add(const slice& id, entry e);
  /// Null for an unknown one and for another tenant's.
  entry* find(const slice& id, const std::string& tenant);
  /// The tenant's upload of that file; empty without one. `identity` is not empty.
  slice find_upload(const slice& identity, const std::string& tenant) const;
  void forget(const slice& id);
  /// Lets go of those that nobody looked for since `linger`.
  void sweep(std::chrono::steady_clock::time_point now);
  /// Pulls, which go on without their provider, with their ids.
  std::vector<std::pair<slice, entry>> pulls() const;
  void clear() { works_.clear(); }

private:
  storage_service_context ctx_;
  std::map<std::string, entry> works_;
};

/// Who holds an upload's chunks: 'u', when it began (8 bytes, Unix seconds), 16 random ones.
slice new_upload_holder(std::int64_t now);
/// When the upload of this holder began; nothing for other holders.
std::optional<std::int64_t> upload_begun(byte_view holder);

/// The storage service as one tenant sees it.
msg::storage_service_actor spawn_storage_service(runtime::loop& home,
                                                 std::shared_ptr<publish_works> works,
                                                 std::string tenant);

} // namespace interswarm::services
