#include "actors/overlays/bittorrent/registrar_routes.hpp"

#include "actors/overlays/bittorrent/udp_front.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

namespace {

constexpr auto farewell = 2 * kj::SECONDS;

registrar_link::answers answers_to(registrar_desk& desk, const std::function<void()>& heard) {
  registrar_link::answers out;
  // The desk outlives the link that calls these, also when only farewells are left; the actor may
  // be gone then.
  out.announced = [&desk, heard](std::uint64_t id, const announce_response& r) {
    desk.announced(id, r, tracker_now_ms());
    heard();
  };
  out.scraped = [&desk, heard](std::uint64_t id, const scrape_response& r) {
    desk.scraped(id, r, tracker_now_ms());
    heard();
  };
  out.failed = [&desk, heard](std::uint64_t id, const std::string& why) {
    desk.failed(id, why, tracker_now_ms());
    heard();
  };
  return out;
}

/// Null when our peer has no port in the family of `at`.
kj::Own<route> make_route(runtime::loop& home, const registrar_options& options,
                          const tracker_url& url, const own_peer_options& own, const endpoint& at,
                          const std::function<void()>& heard) {
  registrar_desk::self self;
  self.id = own.id;
  self.key = own.key;
  for (const auto& e : own.listen) {
    if (e.port == 0 || e.address.is_v4() != at.address.is_v4()) continue;
    if (self.port == 0) self.port = e.port;
    if (!e.address.is_unspecified()) self.addresses.push_back(e.address);
  }
  if (self.port == 0) return {};
  self.addresses.push_back(source_address_for(at));
  const bool udp = url.via == tracker_url::transport::udp;
  auto out = kj::heap<route>(options.timing, std::move(self), udp || url.scrape_path().has_value());
  out->link = udp ? make_udp_link(home.io(), url, at, options, answers_to(out->desk, heard))
                  : make_http_link(home.io(), url, at, options, answers_to(out->desk, heard));
  return out;
}

} // namespace

registrar_desk::news route::work(std::uint64_t now_ms) {
  link->tick(now_ms);
  auto news = desk.take(now_ms);
  for (const auto& t : news.tasks) link->send(t);
  return news;
}

kj::Promise<routes> open_routes(runtime::loop& home, const registrar_options& options,
                                const tracker_url& url, const own_peer_options& own,
                                std::function<void()> heard) {
  return look_up(home.io(), url)
      .then([&home, options, url, own, heard = std::move(heard)](std::vector<endpoint> found) {
        routes made;
        for (const auto& at : found) {
          auto r = make_route(home, options, url, own, at, heard);
          if (r.get() != nullptr) made.push_back(kj::mv(r));
        }
        return made;
      });
}

swarm_status status_over(const routes& all, const info_hash& name) {
  swarm_status out{name, 0, 0, 0, 0, false};
  for (const auto& r : all) {
    const auto s = r->desk.status_of(name);
    out.seeders = std::max(out.seeders, s.seeders);
    out.leechers = std::max(out.leechers, s.leechers);
    out.completed = std::max(out.completed, s.completed);
    out.known = out.known || s.known;
  }
  return out;
}

msg::registration_check_result standing_over(const routes& all, const info_hash& name,
                                             const std::string& authority) {
  msg::registration_check_result out{false, "the tracker's address is not known yet"};
  for (const auto& r : all) {
    const auto s = r->desk.standing_of(name);
    if (out.in_force && !s.in_force) continue;
    out = {s.in_force, authority + ": " + s.note};
  }
  return out;
}

void say_farewell(runtime::loop& home, routes&& last) {
  auto kept = kj::heap<routes>(kj::mv(last));
  const auto now_ms = tracker_now_ms();
  for (auto& r : *kept) {
    r->desk.leave(now_ms);
    r->work(now_ms);
  }
  home.timer().afterDelay(farewell).attach(kj::mv(kept)).detach([](kj::Exception&&) {});
}

} // namespace interswarm::bittorrent
