#include "actors/node/cluster_desk.hpp"

#include "actors/node/entrance.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/rpc_dialer.hpp"
#include "schema/base/encoding.hpp"
#include "schema/node.glue.hpp"

#include <algorithm>
#include <random>

namespace interswarm {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;
constexpr auto tick_interval = 2s;
constexpr auto longest_wait = 5s;

} // namespace

cluster_desk::cluster_desk(caf::actor_config& config, runtime::loop& home, context ctx)
    : loop_actor(config, home), ctx_(std::move(ctx)), table_(ctx_.own) {}

cluster_desk::~cluster_desk() noexcept = default;

void cluster_desk::on_exit() {
  for (auto& [key, l] : links_)
    if (l.dialer) caf::anon_send_exit(l.dialer, caf::exit_reason::user_shutdown);
  links_.clear();
  own_membership_ = nullptr;
  ctx_ = {};
}

cluster_desk::behavior_type cluster_desk::make_behavior() {
  dial_seed_ = std::random_device{}();
  for (const auto& s : ctx_.seeds) dial(s.id.empty() ? s.address : s.id, s.id, s.address, true);
  join_own();
  tick();
  return {
      [this](const msg::cluster_exchange& x) -> caf::result<msg::cluster_exchange_result> {
        if (auto ok = table_.heard(x.members, clock().now()); !ok)
          return runtime::make_caf_error(ok.error());
        expect_storage();
        return msg::cluster_exchange_result{table_.all()};
      },
      [this](const msg::cluster_storage&) -> caf::result<msg::cluster_storage_result> {
        if (!ctx_.storage)
          return runtime::make_caf_error(errc::unimplemented, "this node keeps no chunks");
        return msg::cluster_storage_result{ctx_.storage};
      },
      [this](const msg::cluster_catalogue&) -> caf::result<msg::cluster_catalogue_result> {
        if (!ctx_.catalogue)
          return runtime::make_caf_error(errc::unimplemented, "this node has no catalogue");
        return msg::cluster_catalogue_result{ctx_.catalogue};
      },
      [this](const msg::cluster_post&) -> caf::result<msg::cluster_post_result> {
        if (!ctx_.post)
          return runtime::make_caf_error(errc::unimplemented, "no party logs in at this node");
        return msg::cluster_post_result{ctx_.post};
      },
      [this](const msg::cluster_copies&) {
        return msg::cluster_copies_result{ctx_.copies, ctx_.least_copies};
      },
      [this](const member_up& x) { up(x); },
      [this](const member_down& x) { down(x.key, x.why); },
      [this](cluster_tick) { tick(); },
      [this](doors_known& x) { table_.set_doors(std::move(x.doors)); },
      [this](cluster_wanted) {
        return cluster_seen{table_.all(), table_.leader(msg::role::service)};
      },
  };
}

void cluster_desk::dial(const std::string& key, const std::string& id, const std::string& address,
                        bool is_seed) {
  if (links_.contains(key)) return;
  runtime::dial_options options;
  options.address = address;
  options.tls = ctx_.tls;
  options.expected_name = id;
  options.allow_plain = ctx_.allow_plain;
  options.longest_wait = longest_wait;
  options.seed = ++dial_seed_;
  const auto me = caf::actor_cast<caf::weak_actor_ptr>(this);
  const auto tell = [me](auto message) {
    if (auto self = caf::actor_cast<caf::strong_actor_ptr>(me))
      caf::anon_send(caf::actor_cast<cluster_desk_actor>(self), std::move(message));
  };
  auto dialer = runtime::start_dialer<msg::node_actor>(
      home(), std::move(options),
      [tell, key](msg::node_actor node) {
        tell(member_up{key, std::move(node)});
      },
      [tell, key](const error& why) {
        tell(member_down{key, to_string(why)});
      });
  auto& l = links_[key];
  l.id = id;
  l.is_seed = is_seed;
  if (dialer) {
    l.dialer = std::move(*dialer);
  } else {
    complain(l, key, dialer.error().text);
  }
}

cluster_desk::link* cluster_desk::at(const std::string& key, const msg::cluster_actor& remote) {
  const auto found = links_.find(key);
  return found == links_.end() || found->second.remote != remote ? nullptr : &found->second;
}

void cluster_desk::complain(link& l, const std::string& key, const std::string& why) {
  if (why == l.complaint) return;
  l.complaint = why;
  runtime::log().warn("cluster member {}: {}; it is tried again", printable(key), printable(why));
}

void cluster_desk::up(const member_up& x) {
  const auto failed = [this, key = x.key](const caf::error& e) {
    if (const auto found = links_.find(key); found != links_.end())
      complain(found->second, key, to_string(runtime::to_error(e)));
  };
  request(x.node, patience, msg::node_hello{ctx_.own.id, protocol_version})
      .then(
          [this, key = x.key, failed](const msg::node_hello_result& r) {
            const auto found = links_.find(key);
            if (found == links_.end()) return;
            found->second.session = r.session;
            request(r.session, patience, msg::session_cluster{})
                .then(
                    [this, key, session = r.session](const msg::session_cluster_result& c) {
                      const auto it = links_.find(key);
                      if (it == links_.end() || it->second.session != session) return;
                      it->second.remote = c.cluster;
                      it->second.exchanging = false;
                      exchange(key);
                      compare_copies(key);
                    },
                    failed);
          },
          failed);
}

void cluster_desk::down(const std::string& key, const std::string& why) {
  const auto found = links_.find(key);
  if (found == links_.end()) return;
  auto& l = found->second;
  complain(l, key, why);
  if (l.catalogue_given && ctx_.shelf) send(ctx_.shelf, services::catalogue_down{key});
  if (l.post_given && ctx_.post) send(ctx_.post, services::post_down{key});
  l.catalogue_given = false;
  l.post_given = false;
  l.membership = nullptr;
  l.remote = nullptr;
  l.session = nullptr;
  l.joining = false;
}

void cluster_desk::exchange(const std::string& key) {
  auto& l = links_[key];
  if (!l.remote || l.exchanging) return;
  l.exchanging = true;
  request(l.remote, patience, msg::cluster_exchange{table_.all()})
      .then(
          [this, key, remote = l.remote](const msg::cluster_exchange_result& r) {
            auto* known = at(key, remote);
            if (known == nullptr) return;
            known->exchanging = false;
            if (auto ok = table_.heard(r.members, clock().now()); !ok)
              return complain(*known, key, ok.error().text);
            known->complaint.clear();
            known->id = r.members.front().id;
            expect_storage();
            use(key);
          },
          [this, key, remote = l.remote](const caf::error& e) {
            auto* known = at(key, remote);
            if (known == nullptr) return;
            known->exchanging = false;
            complain(*known, key, to_string(runtime::to_error(e)));
          });
}

void cluster_desk::compare_copies(const std::string& key) {
  if (!wants_others()) return;
  request(links_[key].remote, patience, msg::cluster_copies{})
      .then(
          [this, key](const msg::cluster_copies_result& r) {
            const bool same = r.copies == ctx_.copies && r.least_copies == ctx_.least_copies;
            if (!same && r.copies != 0)
              runtime::log().error("{} keeps {} copies, this node {}: give all nodes of a cluster "
                                   "the same [cluster] copies and least_copies",
                                   printable(key), r.copies, ctx_.copies);
          },
          [](const caf::error&) {});
}

/// Takes of the member what is not in use yet.
void cluster_desk::use(const std::string& key) {
  if (!wants_others()) return;
  const auto& l = links_[key];
  const auto* m = table_.find(l.id);
  if (m == nullptr || l.id == ctx_.own.id) return;
  if (has_role(*m, msg::role::storage) && !l.membership && !l.joining) take_storage(key);
  if (ctx_.shelf && has_role(*m, msg::role::service) && !l.catalogue_given) take_catalogue(key);
  if (ctx_.post && has_role(*m, msg::role::access) && !l.post_given) take_post(key);
}

void cluster_desk::expect_storage() {
  if (!ctx_.network) return;
  std::vector<std::string> ids;
  for (const auto& m : table_.all())
    if (m.id != ctx_.own.id && has_role(m, msg::role::storage) && expected_.insert(m.id).second)
      ids.push_back(m.id);
  if (!ids.empty()) caf::anon_send(ctx_.network, msg::storage_network_expect{std::move(ids)});
}

void cluster_desk::take_storage(const std::string& key) {
  auto& l = links_[key];
  l.joining = true;
  const auto failed = [this, key, remote = l.remote](const caf::error& e) {
    auto* known = at(key, remote);
    if (known == nullptr) return;
    known->joining = false;
    complain(*known, key, to_string(runtime::to_error(e)));
  };
  request(l.remote, patience, msg::cluster_storage{})
      .then(
          [this, key, remote = l.remote, failed](const msg::cluster_storage_result& r) {
            request(ctx_.network, patience, msg::storage_network_join{r.node})
                .then(
                    [this, key, remote](const msg::storage_network_join_result& j) {
                      auto* known = at(key, remote);
                      if (known == nullptr) return;
                      known->joining = false;
                      known->membership = j.membership;
                      runtime::log().info("storage node {} is here", printable(key));
                    },
                    failed);
          },
          failed);
}

void cluster_desk::take_catalogue(const std::string& key) {
  auto& l = links_[key];
  l.catalogue_given = true;
  request(l.remote, patience, msg::cluster_catalogue{})
      .then(
          [this, key, remote = l.remote](const msg::cluster_catalogue_result& r) {
            if (at(key, remote) == nullptr) return;
            send(ctx_.shelf, services::catalogue_up{key, r.catalogue});
            runtime::log().info("service node {} is here", printable(key));
          },
          [this, key, remote = l.remote](const caf::error& e) {
            auto* known = at(key, remote);
            if (known == nullptr) return;
            known->catalogue_given = false;
            complain(*known, key, to_string(runtime::to_error(e)));
          });
}

void cluster_desk::take_post(const std::string& key) {
  auto& l = links_[key];
  l.post_given = true;
  request(l.remote, patience, msg::cluster_post{})
      .then(
          [this, key, remote = l.remote](const msg::cluster_post_result& r) {
            if (at(key, remote) == nullptr) return;
            send(ctx_.post, services::post_up{key, r.post});
            runtime::log().info("access node {} is here", printable(key));
          },
          [this, key, remote = l.remote](const caf::error& e) {
            auto* known = at(key, remote);
            if (known == nullptr) return;
            known->post_given = false;
            complain(*known, key, to_string(runtime::to_error(e)));
          });
}

bool cluster_desk::wants(const msg::member& m) const {
  if (!wants_others() || m.id == ctx_.own.id) return false;
  return has_role(m, msg::role::storage) || has_role(m, msg::role::service) ||
         (ctx_.post && has_role(m, msg::role::access));
}

void cluster_desk::join_own() {
  if (ctx_.shelf && ctx_.catalogue)
    send(ctx_.shelf, services::catalogue_up{ctx_.own.id, ctx_.catalogue});
  if (!ctx_.storage || !ctx_.network) return;
  request(ctx_.network, patience, msg::storage_network_join{ctx_.storage})
      .then([this](const msg::storage_network_join_result& r) { own_membership_ = r.membership; },
            [](const caf::error& e) {
              runtime::log().error("this node's own chunks cannot be used: {}",
                                   to_string(runtime::to_error(e)));
            });
}

void cluster_desk::tick() {
  delayed_send(this, tick_interval, cluster_tick{});
  table_.beat();
  for (const auto& id : table_.forget_silent(clock().now())) {
    runtime::log().info("cluster member {} is gone", printable(id));
    const auto found = std::find_if(links_.begin(), links_.end(), [&](const auto& l) {
      return l.second.id == id && !l.second.is_seed;
    });
    if (found == links_.end()) continue;
    down(found->first, "it is gone");
    if (found->second.dialer)
      caf::anon_send_exit(found->second.dialer, caf::exit_reason::user_shutdown);
    links_.erase(found);
  }
  for (const auto& m : table_.all()) {
    const bool linked = std::any_of(links_.begin(), links_.end(),
                                    [&](const auto& l) { return l.second.id == m.id; });
    if (wants(m) && !linked) dial(m.id, m.id, m.address, false);
  }
  std::vector<std::string> keys;
  for (const auto& [key, l] : links_) keys.push_back(key);
  for (const auto& key : keys) exchange(key);
  if (ctx_.doors) {
    std::vector<msg::door> all;
    for (const auto& m : table_.all()) all.insert(all.end(), m.doors.begin(), m.doors.end());
    ctx_.doors(std::move(all));
  }
  if (ctx_.leads) *ctx_.leads = table_.leader(msg::role::service) == ctx_.own.id;
}

} // namespace interswarm
