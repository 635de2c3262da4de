#pragma once

#include "actors/node/member_table.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/tls.hpp"
#include "actors/services/post_desk.hpp"
#include "schema/cluster.gen.hpp"
#include "schema/node.gen.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace interswarm {

/// A connection to another member is up, or ended. `key` tells which.
struct member_up {
  std::string key;
  msg::node_actor node;
};
struct member_down {
  std::string key;
  std::string why;
};
struct cluster_tick {};
struct cluster_wanted {};
struct cluster_seen {
  std::vector<msg::member> members;
  std::string leader;
};
/// Clients find this node there from now on.
struct doors_known {
  std::vector<msg::door> doors;
};

using cluster_desk_actor =
    msg::cluster_actor::extend<caf::reacts_to<member_up>, caf::reacts_to<member_down>,
                               caf::reacts_to<cluster_tick>, caf::reacts_to<doors_known>,
                               caf::replies_to<cluster_wanted>::with<cluster_seen>>;

/// This process among the others of its cluster: finds them from a few that it is told of, keeps
/// connections to those that it needs (storage and service nodes, when it has the service or the
/// access role, and with the latter the other access nodes) and hands what it gets of them to the
/// storage network, the library and the post desk.
class cluster_desk final : public runtime::loop_actor<cluster_desk_actor> {
public:
  struct seed {
    /// The name in its certificate; may be empty without TLS.
    std::string id;
    std::string address;
  };
  struct context {
    msg::member own;
    std::vector<seed> seeds;
    std::optional<runtime::tls_identity> tls;
    bool allow_plain = false;
    /// Null where this process has no such role.
    msg::storage_node_actor storage;
    msg::catalogue_actor catalogue;
    /// Null where this process reads and writes no contents.
    msg::storage_network_actor network;
    services::library_actor shelf;
    /// Null without the access role.
    services::post_desk_actor post;
    std::uint8_t copies = 0;
    std::uint8_t least_copies = 0;
    /// Told where clients find all access nodes.
    std::function<void(std::vector<msg::door>)> doors;
    /// Set while this process is the first service node.
    std::shared_ptr<std::atomic<bool>> leads;
  };

  cluster_desk(caf::actor_config& config, runtime::loop& home, context ctx);
  ~cluster_desk() noexcept override;

  const char* name() const override { return "cluster-desk"; }
  void on_exit() override;
  behavior_type make_behavior() override;

private:
  struct link {
    caf::actor dialer;
    std::string id;
    bool is_seed = false;
    msg::session_actor session;
    msg::cluster_actor remote;
    bool exchanging = false;
    bool joining = false;
    msg::registration_actor membership;
    bool catalogue_given = false;
    bool post_given = false;
    std::string complaint;
  };

  void dial(const std::string& key, const std::string& id, const std::string& address,
            bool is_seed);
  void up(const member_up& x);
  void down(const std::string& key, const std::string& why);
  void exchange(const std::string& key);
  void use(const std::string& key);
  /// Tells the storage network whom the cluster has told of.
  void expect_storage();
  void take_storage(const std::string& key);
  void take_catalogue(const std::string& key);
  void take_post(const std::string& key);
  /// Whether this process has use for the member.
  bool wants(const msg::member& m) const;
  void compare_copies(const std::string& key);
  void complain(link& l, const std::string& key, const std::string& why);
  void join_own();
  void tick();
  bool wants_others() const { return bool(ctx_.network); }
  /// The link if it is still the one to `remote`.
  link* at(const std::string& key, const msg::cluster_actor& remote);

  context ctx_;
  member_table table_;
  std::map<std::string, link> links_;
  std::uint64_t dial_seed_ = 0;
  /// Storage nodes that the network was told to expect.
  std::set<std::string> expected_;
  /// Of this process's own chunks in its own view of the storage network.
  msg::registration_actor own_membership_;
};

} // namespace interswarm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::member_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::member_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::cluster_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::cluster_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::cluster_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::doors_known)
