#include "actors/services/keeper.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <set>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;
constexpr std::uint32_t holders_at_once = 1000;

class keeper final : public runtime::loop_actor<caf::actor> {
public:
  keeper(caf::actor_config& config, runtime::loop& home, std::shared_ptr<publish_works> works,
         std::function<bool()> leads, keeper_options options)
      : loop_actor(config, home), works_(std::move(works)), leads_(std::move(leads)),
        options_(options) {}

  const char* name() const override { return "keeper"; }
  void on_exit() override {
    chores_.reset();
    if (works_) works_->clear();
    works_ = nullptr;
    leads_ = nullptr;
  }
  caf::behavior make_behavior() override {
    compared_at_ = std::chrono::steady_clock::now();
    chores_ =
        runtime::on_loop<kj::Promise<void>>(home(), chores().eagerlyEvaluate([](kj::Exception&& e) {
          runtime::log().error("the keeper stopped: {}", e.getDescription().cStr());
        }));
    return {[](caf::unit_t) {}};
  }

private:
  const publish_context& publishing() const { return works_->context().publishing; }

  kj::Promise<void> chores() {
    return home().timer().afterDelay(options_.every.count() * kj::MILLISECONDS).then([this] {
      const auto now = std::chrono::steady_clock::now();
      mind_pulls();
      works_->sweep(now);
      if (leads_()) {
        drop_what_expired();
        if (now - compared_at_ >= options_.compare_every) {
          compared_at_ = now;
          compare();
        }
      }
      return chores();
    });
  }

  /// A pull goes on without its provider.
  void mind_pulls() {
    for (const auto& [id, e] : works_->pulls()) {
      request(e.work, patience, msg::publishing_progress{0, 0})
          .then(
              [this, id = id, tenant = e.tenant](const msg::publishing_progress_result& r) {
                auto* known = works_->find(id, tenant);
                if (known != nullptr && !r.progress.finished)
                  known->touched = std::chrono::steady_clock::now();
              },
              [](const caf::error&) {});
    }
  }

  void drop_what_expired() {
    request(publishing().desk, patience, drop_expired{})
        .then(
            [this](const orphaned& x) {
              for (const auto& id : x.content_ids)
                caf::anon_send(publishing().network, msg::storage_network_release{id});
            },
            [](const caf::error& e) {
              runtime::log().warn("what has expired cannot be withdrawn: {}",
                                  runtime::to_error(e).text);
            });
  }

  void compare() {
    doubtful_before_ = std::exchange(doubtful_, {});
    request(publishing().network, patience, msg::storage_network_members{})
        .then(
            [this](const msg::storage_network_members_result& r) {
              for (const auto& m : r.members)
                if (m.node) compare_node(m.node, {});
            },
            [](const caf::error&) {});
  }

  void compare_node(const msg::storage_node_actor& node, const slice& after) {
    request(node, patience, msg::storage_node_holders{after, holders_at_once})
        .then(
            [this, node](const msg::storage_node_holders_result& r) {
              find_unknown ask;
              for (const auto& h : r.holders) {
                if (h.size() == 32) ask.content_ids.push_back(h);
                const auto begun = upload_begun(h);
                if (begun && runtime::unix_seconds() - *begun > options_.longest_upload.count())
                  caf::anon_send(node, msg::storage_node_release{h});
              }
              request(publishing().desk, patience, std::move(ask))
                  .then([this, node](const unknown_contents& x) { judge(node, x); },
                        [](const caf::error&) {});
              if (r.holders.size() == holders_at_once) compare_node(node, r.holders.back());
            },
            // It is compared the next time.
            [](const caf::error&) {});
  }

  void judge(const msg::storage_node_actor& node, const unknown_contents& x) {
    for (const auto& id : x.content_ids) {
      const bytes key(id.view().begin(), id.view().end());
      doubtful_.insert(key);
      if (!doubtful_before_.contains(key)) continue;
      runtime::log().info("a storage node still held a content that nobody publishes: released");
      caf::anon_send(node, msg::storage_node_release{id});
    }
  }

  std::shared_ptr<publish_works> works_;
  std::function<bool()> leads_;
  keeper_options options_;
  std::chrono::steady_clock::time_point compared_at_{};
  /// Contents without a publication, as the comparison under way and the one before found them.
  std::set<bytes> doubtful_;
  std::set<bytes> doubtful_before_;
  runtime::on_loop<kj::Promise<void>> chores_;
};

/// Asks for the repairer, on its loop.
class kept_reader final : public runtime::loop_actor<caf::actor> {
public:
  kept_reader(caf::actor_config& config, runtime::loop& home, catalogue_desk_actor desk)
      : loop_actor(config, home), desk_(std::move(desk)) {}

  const char* name() const override { return "kept-reader"; }
  void on_exit() override { desk_ = nullptr; }
  caf::behavior make_behavior() override {
    return {[](caf::unit_t) {}};
  }

  void ask(const slice& after, std::size_t limit,
           std::function<void(result<std::vector<kept_content>>)> then) {
    request(desk_, patience, list_kept{after, limit})
        .then([then](kept_list& x) { then(std::move(x.contents)); },
              [then](const caf::error& e) { then(tl::unexpected(runtime::to_error(e))); });
  }

private:
  catalogue_desk_actor desk_;
};

} // namespace

storage::wanted_list wanted_contents(runtime::loop& home, catalogue_desk_actor desk,
                                     std::function<bool()> leads) {
  const caf::actor reader = runtime::spawn_on<kept_reader>(home, std::move(desk));
  auto* const at = static_cast<kept_reader*>(caf::actor_cast<caf::abstract_actor*>(reader));
  return [reader, at, leads = std::move(leads)](const slice& after, std::size_t limit, auto then) {
    if (!leads()) return then(std::vector<kept_content>{});
    at->ask(after, limit, std::move(then));
  };
}

caf::actor spawn_keeper(runtime::loop& home, std::shared_ptr<publish_works> works,
                        std::function<bool()> leads, keeper_options options) {
  return runtime::spawn_on<keeper>(home, std::move(works), std::move(leads), options);
}

} // namespace interswarm::services
