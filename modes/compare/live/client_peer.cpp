#include "modes/compare/live/client_peer.hpp"

#include "modes/compare/live/client_errands.hpp"
#include "modes/compare/live/mapped_file.hpp"
#include "modes/compare/live/node_files.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;

/// Asking a client more often slows it down.
constexpr auto look_interval = 200ms;

bool same_bytes(const std::string& a, const std::string& b) {
  const auto one = mapped_file::open(a), other = mapped_file::open(b);
  return one && other && std::ranges::equal(one->all(), other->all());
}

class client_peer {
public:
  client_peer(const client_scene& scene, client_program& program)
      : scene_(scene), program_(program),
        errands_(*scene.what, scene.peer, scene.shared.requests()) {}

  result<void> live() {
    for (;;) {
      for (const auto& step : errands_.turn(now()))
        if (auto ok = take(step); !ok) return ok;
      if (running_)
        if (auto ok = look(); !ok) return ok;
      std::this_thread::sleep_for(look_interval);
    }
  }

private:
  /// What is there from the start comes before the clock is started.
  moment now() const { return scene_.shared.started() ? scene_.shared.now() : 0; }

  result<void> take(const client_errands::step& step) {
    using kind = client_errands::step::kind;
    const auto& content = scene_.contents->at(step.content);
    switch (step.what) {
    case kind::hold: return program_.hold(content);
    case kind::start: running_ = true; return program_.start();
    case kind::stop:
      running_ = false;
      program_.stop();
      break;
    case kind::add: return program_.add(step.content, content);
    case kind::drop: program_.drop(step.content); break;
    }
    return {};
  }

  result<void> look() {
    const auto all = program_.look();
    if (!all) return tl::unexpected(all.error());
    for (const auto c : errands_.look(*all, now())) {
      const auto& content = scene_.contents->at(c);
      const bool right = same_bytes(program_.file_of(content), content.file);
      if (!right) {
        ++scene_.shared.wrong_deliveries();
        scene_.shared.complain("peer " + std::to_string(scene_.peer) +
                               ": its client has wrong bytes of content " + std::to_string(c));
      }
      errands_.compared(c, right, now());
    }
    if (errands_.ready()) ++scene_.shared.ready_peers();
    return {};
  }

  const client_scene& scene_;
  client_program& program_;
  client_errands errands_;
  bool running_ = false;
};

} // namespace

int run_client_peer(const client_scene& scene) {
  const auto& peer = scene.what->peers[scene.peer];
  const auto& site = *scene.lab->find(site_role::peer, scene.peer);
  std::error_code code;
  std::filesystem::create_directories(scene.folder, code);
  const auto program =
      make_client(peer.client, {site.address, tracker_of(*scene.what, *scene.lab, peer.overlay),
                                scene.folder, scene.log, site.name});
  const auto ended = program ? client_peer(scene, *program).live()
                             : fail(errc::internal, "no client \"" + peer.client + "\"");
  if (!ended)
    scene.shared.complain("peer " + std::to_string(scene.peer) + ": " + to_string(ended.error()));
  return 1;
}

} // namespace interswarm::compare
