#pragma once

#include "actors/bridge/name_transfer.hpp"
#include "actors/services/catalogue_desk.hpp"
#include "actors/services/keeper.hpp"
#include "actors/services/library.hpp"
#include "actors/services/storage_service.hpp"
#include "tests/actor/storage/cluster.hpp"

/// What the tests of the services share.
namespace interswarm::services::testing {

using namespace interswarm::storage::testing;

inline storage::storage_network_options two_copies() {
  storage::storage_network_options o;
  o.ask_every = 50ms;
  o.cache_bytes = 0;
  return o;
}

/// An overlay that names a content by its SHA-1.
inline bridge::naming test_naming() {
  bridge::naming out;
  out.overlay = "test";
  out.make = [](const content_hashes& h,
                const std::string& title) -> result<std::vector<msg::name_record>> {
    msg::name_record r;
    r.name = {"test", slice::copy_of(*h.sha1)};
    r.size = h.size;
    r.title = title;
    return std::vector{r};
  };
  out.piece_lengths = [](std::uint64_t) { return std::vector<std::uint64_t>{}; };
  return out;
}

inline msg::publication draft(const std::string& title) {
  msg::publication out;
  out.title = title;
  out.open = true;
  return out;
}

/// A source whose bytes are in memory; fails the first `failures` reads.
class memory_source final : public loop_actor<msg::source_actor> {
public:
  struct behaviour {
    std::atomic<int> failures{0};
    errc code = errc::unavailable;
    /// The size is told when a read went beyond the end.
    bool unmeasured = false;
    std::atomic<bool> end_seen{false};
    std::atomic<std::uint64_t> given{0};
  };

  memory_source(caf::actor_config& config, loop& home, bytes data, std::shared_ptr<behaviour> b)
      : loop_actor(config, home), data_(std::move(data)), how_(std::move(b)) {}

  behavior_type make_behavior() override {
    return {
        [this](const msg::source_info&) {
          msg::source_info_result out;
          const bool hidden = how_->unmeasured && !how_->end_seen;
          out.info.size = hidden ? msg::unknown_size : data_.size();
          out.info.version = 1;
          return out;
        },
        [](const msg::source_have&) { return msg::source_have_result{}; },
        [this](const msg::source_read& x) -> caf::result<msg::source_read_result> {
          if (how_->failures > 0) {
            --how_->failures;
            return runtime::make_caf_error(how_->code, "not now");
          }
          if (x.range.end > data_.size()) {
            how_->end_seen = true;
            return runtime::make_caf_error(errc::malformed, "beyond the end");
          }
          how_->given += x.range.end - x.range.begin;
          const auto at = data_.begin() + static_cast<std::ptrdiff_t>(x.range.begin);
          return msg::source_read_result{
              slice(bytes(at, at + static_cast<std::ptrdiff_t>(x.range.end - x.range.begin)))};
        },
        [](const msg::source_judge&) {},
        [](const msg::source_genuine& x) {
          return msg::source_genuine_result{x.range, msg::verdict::good};
        },
    };
  }

private:
  bytes data_;
  std::shared_ptr<behaviour> how_;
};

/// Three storage nodes, a catalogue and the storage service over them.
struct press : cluster {
  explicit press(std::uint64_t quota = 0, keeper_options keep = {}) : cluster(two_copies()) {
    for (int i = 0; i < 3; ++i) add();
    desk = spawn_catalogue_desk(w.new_loop("catalogue"), folder.file("catalogue.db")).value();
    storage_service_context ctx;
    ctx.publishing.desk = desk;
    ctx.publishing.network = network;
    ctx.publishing.namings = {test_naming()};
    ctx.publishing.pool = std::make_shared<runtime::worker_pool>(1);
    ctx.publishing.links = [](const auto& records, const auto& p) {
      std::vector<msg::link> out;
      for (const auto& r : records)
        if (p.open) out.push_back({r.name.overlay, r.title});
      return out;
    };
    ctx.open_source = [this](const auto& urls, const auto&) -> result<pulled_source> {
      if (urls.front() != "http://origin/file") return fail(errc::malformed, "no such URL");
      pulled_source out;
      out.source = spawn_on<memory_source>(home, origin, how);
      out.comes_unmeasured = [this] { return how->unmeasured; };
      out.describe = [](msg::publication& d) {
        if (d.title.empty()) d.title = "file";
      };
      return out;
    };
    ctx.quotas = {{"small", quota}};
    works = std::make_shared<publish_works>(std::move(ctx));
    keeper = spawn_keeper(
        home, works, [] { return true; }, keep);
  }
  ~press() {
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
    keeper = nullptr;
    desk = nullptr;
    // The works' handles belong to the loop.
    runtime::on(home, [this] { works.reset(); });
  }

  msg::storage_service_actor service(const std::string& tenant) {
    return runtime::on(home, [&] { return spawn_storage_service(home, works, tenant); });
  }
  result<msg::upload_actor> begin(const std::string& tenant, const msg::publication& d,
                                  std::uint64_t size) {
    auto r = ask<msg::storage_service_publish_result>(w.system, service(tenant),
                                                      msg::storage_service_publish{d, size, {}});
    if (!r) return tl::unexpected(r.error());
    return r->upload;
  }
  result<void> put(const msg::upload_actor& u, std::uint64_t offset, const bytes& data) {
    return runtime::tell(w.system, u, msg::upload_put{offset, slice::copy_of(data)}, 20s);
  }
  /// Sends all in blocks of that size and waits for the outcome.
  result<msg::publish_state> publish(const std::string& tenant, const msg::publication& d,
                                     const bytes& data, std::size_t block = 1'000'000) {
    auto u = begin(tenant, d, data.size());
    if (!u) return tl::unexpected(u.error());
    for (std::size_t at = 0; at < data.size(); at += block) {
      const auto end = std::min(data.size(), at + block);
      auto ok = put(*u, at,
                    bytes(data.begin() + static_cast<std::ptrdiff_t>(at),
                          data.begin() + static_cast<std::ptrdiff_t>(end)));
      if (!ok) return tl::unexpected(ok.error());
    }
    if (auto ok = runtime::tell(w.system, *u, msg::upload_finish{data.size()}); !ok)
      return tl::unexpected(ok.error());
    return outcome(work_of(*u));
  }
  msg::publishing_actor work_of(const msg::upload_actor& u) {
    return ask<msg::upload_publishing_result>(w.system, u, msg::upload_publishing{})->work;
  }
  result<msg::publish_state> outcome(const msg::publishing_actor& work) {
    for (int i = 0; i < 20; ++i) {
      auto r = ask<msg::publishing_progress_result>(
          w.system, work, msg::publishing_progress{~std::uint64_t{0}, 1000}, 10s);
      if (!r) return tl::unexpected(r.error());
      if (r->progress.finished) return r->progress;
    }
    return fail(errc::timed_out, "the publication does not end");
  }
  msg::catalogue_names_result names(const slice& content_id) {
    return ask<msg::catalogue_names_result>(
               w.system, desk, msg::catalogue_names{{std::string(stored_overlay), content_id}})
        .value();
  }
  result<msg::catalogue_content_result> stored(const slice& content_id) {
    return ask<msg::catalogue_content_result>(w.system, desk, msg::catalogue_content{content_id});
  }
  /// Holders on all nodes together, each once.
  std::set<bytes> holders() {
    std::set<bytes> out;
    for (auto& n : nodes) {
      const auto some = n.store->holders({}, 1000).value();
      out.insert(some.begin(), some.end());
    }
    return out;
  }
  std::uint64_t stored_chunks() {
    std::uint64_t out = 0;
    for (auto& n : nodes) out += n.store->usage()->chunks;
    return out;
  }

  scratch_folder folder;
  catalogue_desk_actor desk;
  bytes origin;
  std::shared_ptr<memory_source::behaviour> how = std::make_shared<memory_source::behaviour>();
  std::shared_ptr<publish_works> works;
  caf::actor keeper;
};

} // namespace interswarm::services::testing
