#include "actors/overlays/ppsp/swarm_finder.hpp"

namespace interswarm::ppsp {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t want_peers = 50;
constexpr auto patience = 15s;
constexpr auto ask_every = 60s;
/// In need; what a foreign tracker is really asked its registrar decides.
constexpr auto least_pause = 2s;

} // namespace

swarm_finder::swarm_finder(caf::actor_config& config, runtime::loop& at, msg::tracker_actor tracker,
                           msg::name name, std::function<void(const std::vector<endpoint>&)> found)
    : loop_actor(config, at), tracker_(std::move(tracker)), name_(std::move(name)),
      found_(std::move(found)) {}

caf::behavior swarm_finder::make_behavior() {
  find();
  delayed_send(this, ask_every, find_later{});
  return {[this](find_now) {
            if (std::chrono::steady_clock::now() - asked_at_ >= least_pause) find();
          },
          [this](find_later) {
            find();
            delayed_send(this, ask_every, find_later{});
          }};
}

void swarm_finder::on_exit() {
  tracker_ = nullptr;
  found_ = nullptr;
}

void swarm_finder::find() {
  if (finding_ || !tracker_) return;
  finding_ = true;
  asked_at_ = std::chrono::steady_clock::now();
  request(tracker_, patience, msg::tracker_find{.name = name_, .want = want_peers})
      .then(
          [this](const msg::tracker_find_result& answer) {
            finding_ = false;
            std::vector<endpoint> out;
            for (const auto& p : answer.peers) {
              const auto address = ip_address::from_bytes(p.endpoint.address);
              if (address && p.endpoint.port != 0) out.push_back({*address, p.endpoint.port});
            }
            if (found_) found_(out);
          },
          [this](const caf::error&) { finding_ = false; });
}

} // namespace interswarm::ppsp
