#include "actors/overlays/ppsp/registrar.hpp"

#include "actors/overlays/ppsp/registrar_hands.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/registration.hpp"
#include "schema/ppsp/record.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

using registrar_hands_ptr = std::shared_ptr<registrar_hands>;

class registrar_actor final : public runtime::loop_actor<msg::tracker_actor> {
public:
  registrar_actor(caf::actor_config& config, runtime::loop& at, registrar_options options,
                  registrar_url url)
      : loop_actor(config, at), options_(std::move(options)), url_(std::move(url)) {}
  ~registrar_actor() noexcept override {}

  const char* name() const override { return "ppsp-registrar"; }
  behavior_type make_behavior() override;
  void on_exit() override;

private:
  caf::result<msg::tracker_announce_result> announce(const msg::tracker_announce& request);
  caf::result<msg::tracker_find_result> find(const msg::tracker_find& request);
  caf::result<msg::tracker_scrape_result> scrape(const msg::tracker_scrape& request);
  caf::result<msg::tracker_watch_result> watch(const msg::tracker_watch& request);
  msg::registration_actor make_lease(const std::string& swarm, bool seeder);
  msg::swarm_status status_of(const msg::name& name) const;

  registrar_options options_;
  registrar_url url_;
  runtime::on_loop<registrar_hands_ptr> hands_;
};

/// How the wire names the swarm: by its id alone.
result<std::string> swarm_of_name(const msg::name& name) {
  return read_name(name).map([](const swarm_key& key) { return swarm_text(key.id); });
}

registrar_actor::behavior_type registrar_actor::make_behavior() {
  hands_ = runtime::on_loop<registrar_hands_ptr>(
      home(), std::make_shared<registrar_hands>(home().io().provider->getNetwork(), home().timer(),
                                                url_, options_));
  return {[this](const msg::tracker_announce& r) { return announce(r); },
          [this](const msg::tracker_find& r) { return find(r); },
          [this](const msg::tracker_scrape& r) { return scrape(r); },
          [this](const msg::tracker_watch& r) { return watch(r); },
          [this](const msg::tracker_follow& r) -> caf::result<void> {
            std::vector<std::string> swarms;
            for (const auto& name : r.names) {
              if (auto swarm = swarm_of_name(name)) swarms.push_back(std::move(*swarm));
            }
            (*hands_)->follow(swarms);
            return caf::unit;
          }};
}

/// The swarms are left before the hands go. On whichever thread let go last.
void registrar_actor::on_exit() {
  home().post([box = std::move(hands_)]() mutable {
    if (!box) return;
    auto left = (*box)->farewell();
    left.attach(kj::mv(box)).detach([](kj::Exception&&) {});
  });
}

caf::result<msg::tracker_announce_result>
registrar_actor::announce(const msg::tracker_announce& request) {
  if (request.record.permission == msg::permission::forbidden)
    return runtime::make_caf_error(errc::denied,
                                   "ppsp registrar: this content may not be announced");
  const auto swarm = swarm_of_name(request.record.name);
  if (!swarm) return runtime::make_caf_error(swarm.error());
  auto answer = make_response_promise<msg::tracker_announce_result>();
  const bool seeder = request.left == 0;
  (*hands_)->announce(*swarm, seeder,
                      [this, answer, swarm = *swarm, seeder](result<void> entered) mutable {
                        if (entered)
                          answer.deliver(msg::tracker_announce_result{make_lease(swarm, seeder)});
                        else
                          answer.deliver(runtime::make_caf_error(entered.error()));
                      });
  return answer;
}

msg::registration_actor registrar_actor::make_lease(const std::string& swarm, bool seeder) {
  const std::weak_ptr<registrar_hands> weak = *hands_;
  return runtime::spawn_on<runtime::registration>(
      home(),
      [weak, swarm] {
        const auto hands = weak.lock();
        return msg::registration_check_result{hands && hands->in_force(swarm),
                                              hands ? hands->status_line()
                                                    : "the registrar has ended"};
      },
      [weak, swarm, seeder, loop = home().weak_from_this()] {
        const auto at = loop.lock();
        if (!at) return;
        at->post([weak, swarm, seeder] {
          if (const auto hands = weak.lock()) hands->withdraw(swarm, seeder);
        });
      });
}

msg::swarm_status registrar_actor::status_of(const msg::name& name) const {
  msg::swarm_status out;
  out.name = name;
  const auto swarm = swarm_of_name(name);
  if (!swarm) return out;
  const auto told = (*hands_)->core().known(*swarm);
  out.sources = told.sources;
  out.seekers = told.seekers;
  out.known = told.sources + told.seekers > 0;
  return out;
}

caf::result<msg::tracker_find_result> registrar_actor::find(const msg::tracker_find& request) {
  const auto swarm = swarm_of_name(request.name);
  if (!swarm) return runtime::make_caf_error(swarm.error());
  auto answer = make_response_promise<msg::tracker_find_result>();
  (*hands_)->find(*swarm, request.want,
                  [this, answer, name = request.name](registrar_hands::found parties) mutable {
                    if (!parties) {
                      answer.deliver(runtime::make_caf_error(parties.error()));
                      return;
                    }
                    msg::tracker_find_result out;
                    for (const auto& p : *parties)
                      out.peers.push_back(
                          {{slice::copy_of(p.at.address.network_bytes()), p.at.port},
                           slice::copy_of(as_bytes(p.peer_id))});
                    out.status = status_of(name);
                    answer.deliver(std::move(out));
                  });
  return answer;
}

caf::result<msg::tracker_scrape_result>
registrar_actor::scrape(const msg::tracker_scrape& request) {
  if (request.names.size() > limits::registrar_scraped)
    return runtime::make_caf_error(errc::too_large, "at most 74 names in one scrape");
  msg::tracker_scrape_result out;
  for (const auto& name : request.names) out.status.push_back(status_of(name));
  return out;
}

caf::result<msg::tracker_watch_result> registrar_actor::watch(const msg::tracker_watch& request) {
  if (!request.listener)
    return runtime::make_caf_error(errc::malformed, "no listener to tell demand to");
  const std::weak_ptr<registrar_hands> weak = *hands_;
  auto check = [weak] {
    const auto hands = weak.lock();
    return msg::registration_check_result{hands != nullptr,
                                          hands ? hands->status_line() : "the registrar has ended"};
  };
  return msg::tracker_watch_result{
      runtime::spawn_on<runtime::registration>(home(), std::move(check), std::function<void()>{})};
}

} // namespace

result<msg::tracker_actor> spawn_registrar(runtime::loop& home, registrar_options options) {
  auto url = registrar_url::parse(options.url);
  if (!url) return tl::unexpected(url.error());
  const auto refuse = [&](const std::string& why) {
    return fail(errc::configuration, "ppsp tracker " + url->authority() + ": " + why);
  };
  if (std::none_of(options.own.begin(), options.own.end(),
                   [](const endpoint& e) { return e.port != 0; }))
    return refuse("this node's PPSP peer listens nowhere");
  const auto odd = [](char c) { return static_cast<byte>(c) < 0x20 || c == 0x7F; };
  if (options.authorization.size() > limits::registrar_authorization_bytes ||
      std::any_of(options.authorization.begin(), options.authorization.end(), odd))
    return refuse("the Authorization text is too long or holds control characters");
  if (auto usable = check_authorities(options.authorities); !usable)
    return refuse(usable.error().text);
  return runtime::spawn_on<registrar_actor>(home, std::move(options), std::move(*url));
}

} // namespace interswarm::ppsp
