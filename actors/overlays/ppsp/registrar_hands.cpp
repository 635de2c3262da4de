#include "actors/overlays/ppsp/registrar_hands.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/reason.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm::ppsp {

namespace {

constexpr auto registrar_tick = 100 * kj::MILLISECONDS;

/// Shown to others, so it proves nothing; but nobody may guess it in time to be us first.
std::string new_peer_id() {
  std::random_device device;
  bytes out;
  for (int i = 0; i < 16; ++i) out.push_back(static_cast<byte>(device()));
  return to_hex(out);
}

} // namespace

registrar_hands::registrar_hands(kj::Network& network, kj::Timer& timer, const registrar_url& url,
                                 const registrar_options& options)
    : timer_(timer), core_(options, url.authority(), new_peer_id(), std::random_device{}()),
      link_(network, timer, url, options), tasks_(*this) {
  tasks_.add(tick_on());
}

registrar_hands::~registrar_hands() noexcept(false) = default;

instant registrar_hands::now() const {
  return instant((timer_.now() - kj::origin<kj::TimePoint>()) / kj::MICROSECONDS);
}

void registrar_hands::taskFailed(kj::Exception&& e) {
  runtime::log().warn("ppsp registrar: {}", runtime::reason_of(e));
}

kj::Promise<void> registrar_hands::tick_on() {
  return timer_.afterDelay(registrar_tick).then([this] {
    perform(core_.tick(now()));
    return tick_on();
  });
}

void registrar_hands::ask(const ask_tracker& what) {
  tasks_.add(link_.post(what.request).then([this, number = what.number](registrar_reply&& reply) {
    perform(reply.trouble.empty() ? core_.answered(number, reply.body, now())
                                  : core_.failed(number, reply.trouble, reply.denied, now()));
  }));
}

void registrar_hands::perform(registrar_effects effects) {
  for (auto& effect : effects) {
    if (const auto* request = std::get_if<ask_tracker>(&effect)) {
      ask(*request);
    } else if (auto* answer = std::get_if<parties_found>(&effect)) {
      if (auto waiting = finds_.extract(answer->call)) waiting.mapped()(std::move(answer->parties));
    } else if (const auto* entered = std::get_if<party_entered>(&effect)) {
      if (auto waiting = enters_.extract(entered->call)) waiting.mapped()({});
    } else if (const auto* failure = std::get_if<tracker_call_failed>(&effect)) {
      if (auto waiting = finds_.extract(failure->call))
        waiting.mapped()(tl::unexpected(failure->why));
      if (auto waiting = enters_.extract(failure->call))
        waiting.mapped()(tl::unexpected(failure->why));
    } else if (const auto* news = std::get_if<tracker_line>(&effect)) {
      runtime::log().info("{}", news->line);
    }
  }
}

void registrar_hands::announce(const std::string& swarm, bool seeder, enter_function done) {
  const auto call = next_call_++;
  enters_.emplace(call, std::move(done));
  perform(core_.announce(call, swarm, seeder, now()));
}

void registrar_hands::withdraw(const std::string& swarm, bool seeder) {
  perform(core_.withdraw(swarm, seeder, now()));
}

void registrar_hands::find(const std::string& swarm, std::size_t want, find_function done) {
  const auto call = next_call_++;
  finds_.emplace(call, std::move(done));
  perform(core_.find(call, swarm, want, now()));
}

kj::Promise<void> registrar_hands::farewell() {
  finds_.clear();
  enters_.clear();
  perform(core_.leave(now()));
  return wait_until_gone().exclusiveJoin(
      timer_.afterDelay(limits::registrar_farewell.count() * kj::MILLISECONDS));
}

kj::Promise<void> registrar_hands::wait_until_gone() {
  if (core_.gone()) return kj::READY_NOW;
  return timer_.afterDelay(registrar_tick).then([this] { return wait_until_gone(); });
}

} // namespace interswarm::ppsp
