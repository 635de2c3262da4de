#include "actors/node/entrance.hpp"

#include "actors/node/bridge_gate.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm {

namespace {

constexpr std::size_t max_domain_bytes = 255;
constexpr auto login_timeout = std::chrono::seconds(30);

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

entrance::entrance(caf::actor_config& cfg, runtime::loop& home, context ctx,
                   runtime::peer_identity peer)
    : loop_actor(cfg, home), ctx_(std::move(ctx)), peer_(std::move(peer)) {}

entrance::~entrance() noexcept = default;

entrance::behavior_type entrance::make_behavior() {
  return {[this](const msg::node_hello& r) -> caf::result<msg::node_hello_result> {
    if (r.version != protocol_version) {
      return runtime::make_caf_error(
          errc::unimplemented, "this node speaks version " + std::to_string(protocol_version) +
                                   ", the caller " + std::to_string(r.version));
    }
    if (r.domain.empty() || r.domain.size() > max_domain_bytes) {
      return runtime::make_caf_error(errc::malformed, "a domain has 1 to 255 bytes");
    }
    if (peer_.authenticated && r.domain != peer_.name) {
      runtime::log().warn("{}: certificate for \"{}\" calls itself \"{}\"", peer_.address,
                          printable(peer_.name), printable(r.domain));
      return runtime::make_caf_error(errc::denied, "the certificate is for another domain");
    }
    msg::node_hello_result out;
    out.domain = ctx_.domain;
    out.version = protocol_version;
    out.session = runtime::spawn_on<session>(home(), ctx_, peer_, r.domain);
    return out;
  }};
}

session::session(caf::actor_config& cfg, runtime::loop& home, entrance::context ctx,
                 runtime::peer_identity peer, std::string domain)
    : loop_actor(cfg, home), ctx_(std::move(ctx)), peer_(std::move(peer)),
      domain_(std::move(domain)) {}

session::~session() noexcept = default;

bool session::is_operator() const {
  return peer_.authenticated ? listed(ctx_.operators, peer_.name)
                             : runtime::is_loopback(peer_.address);
}

session::behavior_type session::make_behavior() {
  return {
      [this](const msg::session_bridge& r) { return join_bridge(r); },
      [this](const msg::session_control&) -> caf::result<msg::session_control_result> {
        if (!is_operator())
          return runtime::make_caf_error(errc::denied,
                                         "this party may not use the operator's commands");
        return msg::session_control_result{ctx_.control};
      },
      [this](const msg::session_cluster&) { return show_cluster(); },
      [this](const msg::session_storage_service& r) { return serve_tenant(r.tenant); },
      [this](const msg::session_login& r) { return log_in(r.token); },
  };
}

caf::result<msg::session_bridge_result> session::join_bridge(const msg::session_bridge& r) {
  if (!ctx_.handler || ctx_.cluster)
    return runtime::make_caf_error(errc::unimplemented, "this node is no bridge");
  if (!r.mine)
    return runtime::make_caf_error(errc::malformed, "a bridge joins with its own bridge");
  if (!ctx_.neighbours.empty() && !listed(ctx_.neighbours, domain_)) {
    runtime::log().warn("{}: domain \"{}\" is no neighbour of ours", peer_.address,
                        printable(domain_));
    return runtime::make_caf_error(errc::denied,
                                   "this domain is not among the neighbours of " + ctx_.domain);
  }
  joined_ = r.mine;
  send(ctx_.handler, bridge::neighbour_joined{domain_, r.mine});
  return msg::session_bridge_result{runtime::spawn_on<bridge_gate>(home(), ctx_.handler, domain_)};
}

caf::result<msg::session_cluster_result> session::show_cluster() {
  if (!ctx_.cluster)
    return runtime::make_caf_error(errc::unimplemented, "this node belongs to no cluster");
  // Plain connections are this machine's, or were allowed for a network that is itself protected.
  if (peer_.authenticated && !listed(ctx_.members, peer_.name)) {
    runtime::log().warn("{}: \"{}\" is no member of our cluster", peer_.address,
                        printable(peer_.name));
    return runtime::make_caf_error(errc::denied, "\"" + printable(peer_.name) +
                                                     "\" is not among the [cluster] members of " +
                                                     ctx_.domain);
  }
  return msg::session_cluster_result{ctx_.cluster};
}

caf::result<msg::session_storage_service_result> session::serve_tenant(const std::string& tenant) {
  if (!ctx_.publishing)
    return runtime::make_caf_error(errc::unimplemented,
                                   "this node publishes nothing; ask one with the service role");
  const bool own_name = peer_.authenticated && listed(ctx_.publishers, peer_.name) &&
                        (tenant.empty() || tenant == peer_.name);
  if (!own_name && !is_operator())
    return runtime::make_caf_error(errc::denied, "this party may not publish here");
  const auto& name = !tenant.empty() ? tenant : own_name ? peer_.name : ctx_.domain;
  if (name.size() > max_domain_bytes || printable(name, name.size()) != name)
    return runtime::make_caf_error(errc::malformed, "a tenant's name is printable text");
  return msg::session_storage_service_result{ctx_.publishing(name)};
}

caf::result<msg::session_login_result> session::log_in(const std::string& token) {
  if (!ctx_.access)
    return runtime::make_caf_error(errc::unimplemented,
                                   "nobody logs in here; ask a node with the access role");
  auto promise = make_response_promise<msg::session_login_result>();
  request(ctx_.access, login_timeout, services::login{token})
      .then(
          [promise](services::logged_in& r) mutable {
            promise.deliver(msg::session_login_result{std::move(r.access)});
          },
          [promise](const caf::error& e) mutable { promise.deliver(e); });
  return promise;
}

void session::on_exit() {
  if (joined_ && ctx_.handler)
    caf::anon_send(ctx_.handler, bridge::neighbour_left{domain_, joined_});
  joined_ = nullptr;
  ctx_ = {};
}

} // namespace interswarm
