#include "actors/overlays/ed2k/server.hpp"

#include "actors/overlays/ed2k/lease.hpp"
#include "actors/overlays/ed2k/server_hands.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/on_loop.hpp"

#include <future>
#include <map>
#include <random>

namespace interswarm::ed2k {

namespace {

using server_hands_ptr = std::shared_ptr<server_hands>;

msg::swarm_status status_of(const msg::name& name, const swarm_counts& counts) {
  msg::swarm_status out;
  out.name = name;
  out.known = counts.known;
  out.sources = counts.sources;
  out.seekers = counts.seekers;
  return out;
}

class server_actor final : public runtime::loop_actor<directory_actor> {
public:
  server_actor(caf::actor_config& config, runtime::loop& home,
               runtime::on_loop<server_hands_ptr> hands)
      : loop_actor(config, home), hands_(std::move(hands)) {}
  ~server_actor() noexcept override {}

  const char* name() const override { return "ed2k server"; }
  behavior_type make_behavior() override;
  /// On whichever thread let go last.
  void on_exit() override {
    home().post([box = std::move(hands_)]() mutable { box.reset(); });
    listeners_.reset();
  }

private:
  struct listener_table {
    std::uint64_t next = 1;
    std::map<std::uint64_t, msg::demand_listener_actor> entries;
  };

  caf::result<msg::tracker_announce_result> announce(const msg::tracker_announce& request);
  caf::result<msg::tracker_find_result> find(const msg::tracker_find& request);
  caf::result<msg::tracker_scrape_result> scrape(const msg::tracker_scrape& request);
  caf::result<msg::tracker_watch_result> watch(const msg::tracker_watch& request);
  caf::result<search_files_result> search(const search_files& request);
  runtime::on_loop<server_hands_ptr> hands_;
  std::shared_ptr<listener_table> listeners_ = std::make_shared<listener_table>();
};

server_actor::behavior_type server_actor::make_behavior() {
  // Not through `this`: the sockets live a moment longer than the actor.
  const std::weak_ptr<listener_table> weak = listeners_;
  (*hands_)->on_demand([weak](const tell_demand& demand) {
    const auto table = weak.lock();
    if (!table) return;
    const swarm_counts counts{true, demand.sources, demand.seekers};
    const auto status = status_of(make_name(demand.file), counts);
    for (const auto& [number, listener] : table->entries) {
      caf::anon_send(listener, msg::demand_listener_demand{status});
    }
  });
  return {[this](const msg::tracker_announce& r) { return announce(r); },
          [this](const msg::tracker_find& r) { return find(r); },
          [this](const msg::tracker_scrape& r) { return scrape(r); },
          [this](const msg::tracker_watch& r) { return watch(r); },
          [](const msg::tracker_follow&) {}, // every name is watched here
          [this](const search_files& r) { return search(r); }};
}

caf::result<msg::tracker_announce_result>
server_actor::announce(const msg::tracker_announce& request) {
  if (request.record.permission == msg::permission::forbidden) {
    return runtime::make_caf_error(errc::denied, "ed2k server: this content may not be announced");
  }
  if (!(*hands_)->core().can_announce()) {
    return runtime::make_caf_error(
        errc::configuration,
        "ed2k server: no address of this node's peer that clients could be told; set one");
  }
  const auto file = read_name(request.record.name);
  if (!file) return runtime::make_caf_error(file.error());
  const auto link = make_link(request.record);
  const auto number =
      (*hands_)->announce(*file, link ? link->name : request.record.title, request.left == 0);
  const std::weak_ptr<server_hands> weak = *hands_;
  auto check = [weak, number] {
    msg::registration_check_result out;
    if (const auto hands = weak.lock()) out.in_force = hands->announced(number);
    out.note = out.in_force ? "offered by this node's ed2k server" : "the server has ended";
    return out;
  };
  auto end = [weak, number] {
    if (const auto hands = weak.lock()) hands->withdraw(number);
  };
  return msg::tracker_announce_result{
      runtime::spawn_on<lease>(home(), std::move(check), std::move(end))};
}

caf::result<msg::tracker_find_result> server_actor::find(const msg::tracker_find& request) {
  const auto file = read_name(request.name);
  if (!file) return runtime::make_caf_error(file.error());
  msg::tracker_find_result out;
  for (const auto& p : (*hands_)->find(*file, request.want)) {
    out.peers.push_back(peer_address_of(p.id, p.port, &p.user_hash));
  }
  out.status = status_of(request.name, (*hands_)->counts(*file));
  return out;
}

caf::result<msg::tracker_scrape_result> server_actor::scrape(const msg::tracker_scrape& request) {
  if (request.names.size() > limits::max_scraped_names) {
    return runtime::make_caf_error(errc::too_large, "at most 74 names in one scrape");
  }
  msg::tracker_scrape_result out;
  for (const auto& name : request.names) {
    const auto file = read_name(name);
    out.status.push_back(status_of(name, file ? (*hands_)->counts(*file) : swarm_counts{}));
  }
  return out;
}

caf::result<msg::tracker_watch_result> server_actor::watch(const msg::tracker_watch& request) {
  if (!request.listener)
    return runtime::make_caf_error(errc::malformed, "no listener to tell demand to");
  if (listeners_->entries.size() >= limits::max_listeners) {
    return runtime::make_caf_error(errc::overloaded, "ed2k server: too many listeners of demand");
  }
  const auto number = listeners_->next++;
  listeners_->entries.emplace(number, request.listener);
  const std::weak_ptr<listener_table> weak = listeners_;
  auto check = [weak, number] {
    msg::registration_check_result out;
    const auto table = weak.lock();
    out.in_force = table && table->entries.contains(number);
    return out;
  };
  auto end = [weak, number] {
    if (const auto table = weak.lock()) table->entries.erase(number);
  };
  return msg::tracker_watch_result{
      runtime::spawn_on<lease>(home(), std::move(check), std::move(end))};
}

caf::result<search_files_result> server_actor::search(const search_files& request) {
  search_query query;
  query.words = request.words;
  if (const auto expression = make_search(query); !expression)
    return runtime::make_caf_error(expression.error());
  const auto limit = std::min<std::size_t>(request.limit, limits::max_search_results);
  return search_files_result{records_of((*hands_)->search(query, limit), limit)};
}

} // namespace

result<running_server> spawn_server(runtime::loop& home, server_options options, own_peer own) {
  struct opened {
    runtime::on_loop<server_hands_ptr> hands;
    endpoint listen;
  };
  std::promise<result<opened>> promise;
  auto future = promise.get_future();
  const auto salt = std::random_device{}();
  const bool posted = home.post([&] {
    auto hands = server_hands::open(home.io().provider->getNetwork(), home.timer(),
                                    std::move(options), own, salt);
    if (!hands) return promise.set_value(tl::unexpected(hands.error()));
    const auto listen = (*hands)->listening();
    promise.set_value(opened{runtime::on_loop<server_hands_ptr>(home, std::move(*hands)), listen});
  });
  if (!posted) return fail(errc::unavailable, "ed2k server: its loop has ended");
  auto made = future.get();
  if (!made) return tl::unexpected(made.error());
  runtime::log().info("ed2k server: listening on {} (TCP) and 4 ports above (UDP)",
                      made->listen.to_string());
  return running_server{runtime::spawn_on<server_actor>(home, std::move(made->hands)),
                        made->listen};
}

} // namespace interswarm::ed2k
