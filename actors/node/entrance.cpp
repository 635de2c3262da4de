#include "actors/node/entrance.hpp"

#include "actors/node/bridge_gate.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm {

namespace {

constexpr std::size_t max_domain_bytes = 255;

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

session::behavior_type session::make_behavior() {
  return {
      [this](const msg::session_bridge& r) -> caf::result<msg::session_bridge_result> {
        if (!ctx_.handler)
          return runtime::make_caf_error(errc::unimplemented, "this node is no bridge");
        if (!r.mine)
          return runtime::make_caf_error(errc::malformed, "a bridge joins with its own bridge");
        if (!ctx_.neighbours.empty() && !listed(ctx_.neighbours, domain_)) {
          runtime::log().warn("{}: domain \"{}\" is no neighbour of ours", peer_.address,
                              printable(domain_));
          return runtime::make_caf_error(
              errc::denied, "this domain is not among the neighbours of " + ctx_.domain);
        }
        joined_ = r.mine;
        send(ctx_.handler, bridge::neighbour_joined{domain_, r.mine});
        return msg::session_bridge_result{
            runtime::spawn_on<bridge_gate>(home(), ctx_.handler, domain_)};
      },
      [this](const msg::session_control&) -> caf::result<msg::session_control_result> {
        const bool may = peer_.authenticated ? listed(ctx_.operators, peer_.name)
                                             : runtime::is_loopback(peer_.address);
        if (!may)
          return runtime::make_caf_error(errc::denied,
                                         "this party may not use the operator's commands");
        return msg::session_control_result{ctx_.control};
      },
  };
}

void session::on_exit() {
  if (joined_ && ctx_.handler)
    caf::anon_send(ctx_.handler, bridge::neighbour_left{domain_, joined_});
  joined_ = nullptr;
  ctx_ = {};
}

} // namespace interswarm
