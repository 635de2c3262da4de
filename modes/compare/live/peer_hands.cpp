#include "modes/compare/live/peer_hands.hpp"

#include "modes/compare/live/children.hpp"
#include "modes/compare/live/client_peer.hpp"
#include "modes/compare/live/crowd.hpp"

#include <csignal>
#include <sys/wait.h>

namespace interswarm::compare {

result<void> peer_hands::start() {
  if (auto ok = start_crowd(); !ok) return ok;
  for (peer_id n = 0; n < scene_.what->peers.size(); ++n)
    if (!scene_.what->peers[n].client.empty())
      if (auto ok = start_client(n); !ok) return ok;
  return {};
}

result<void> peer_hands::start_crowd() {
  const auto& layout = scene_.where->what();
  crowd_scene for_crowd;
  for_crowd.what = scene_.what;
  for_crowd.lab = &layout;
  for_crowd.networks.resize(scene_.what->peers.size());
  for (std::size_t i = 0; i < layout.sites.size(); ++i)
    if (layout.sites[i].role == site_role::peer)
      for_crowd.networks[layout.sites[i].number] = scene_.where->network_of(i);
  for_crowd.contents = scene_.contents;
  for_crowd.shared = scene_.shared;
  for_crowd.folder = scene_.folder + "/peers";
  const auto log = scene_.folder + "/logs/crowd.log";
  auto started = start_work([&for_crowd] { return run_crowd(for_crowd); }, log, -1);
  if (!started) return tl::unexpected(started.error());
  processes_.push_back({*started, log});
  return {};
}

result<void> peer_hands::start_client(peer_id n) {
  const auto& layout = scene_.where->what();
  const auto& site = *layout.find(site_role::peer, n);
  client_scene for_client;
  for_client.what = scene_.what;
  for_client.lab = &layout;
  for_client.peer = n;
  for_client.contents = scene_.contents;
  for_client.shared = scene_.shared;
  for_client.folder = scene_.folder + "/peers/" + site.name;
  for_client.log = scene_.folder + "/logs/" + site.name + ".log";
  auto started = start_work([&for_client] { return run_client_peer(for_client); }, for_client.log,
                            scene_.where->network_of(*layout.index_of(site.address)));
  if (!started) return tl::unexpected(started.error());
  processes_.push_back({*started, for_client.log});
  return {};
}

result<void> peer_hands::ended(pid_t gone) const {
  for (const auto& p : processes_)
    if (p.number == gone)
      return fail(errc::io, "peers have ended by themselves: " + scene_.shared.complaint() + " " +
                                last_lines(p.log, 3));
  return {};
}

std::string peer_hands::last_words() const {
  return processes_.empty() ? "" : last_lines(processes_.front().log, 3);
}

void peer_hands::measure() {
  if (!processes_.empty()) use_ = use_of(processes_.front().number, use_.name);
}

void peer_hands::stop() {
  for (const auto& p : processes_) {
    ::kill(p.number, SIGKILL);
    ::waitpid(p.number, nullptr, 0);
  }
  processes_.clear();
}

} // namespace interswarm::compare
