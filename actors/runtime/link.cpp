#include "actors/runtime/link.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/proxy.hpp"
#include "schema/base/codec.hpp"

#include <caf/default_attachable.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/system_messages.hpp>

namespace interswarm::runtime {

namespace {

constexpr auto sweep_interval = 1 * kj::SECONDS;

/// The most resolved object behind a capability.
capnp::ClientHook* settled(capnp::ClientHook* hook) {
  for (;;) {
    KJ_IF_MAYBE (inner, hook->getResolved()) {
      hook = inner;
    } else {
      return hook;
    }
  }
}

} // namespace

/// The sender of a link's requests. Not scheduled: an answer that arrives on the loop is handled in
/// place, which saves a mailbox and a turn for each call.
class link::port final : public caf::monitorable_actor {
public:
  port(caf::actor_config& config, std::weak_ptr<link> owner, std::shared_ptr<loop> home)
      : caf::monitorable_actor(config), owner_(std::move(owner)), home_(std::move(home)) {}

  const char* name() const override { return "link"; }

  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) override {
    if (home_->here()) return handle(*message);
    auto self = caf::strong_actor_ptr(ctrl());
    home_->post([self = std::move(self), this, message = std::move(message)] { handle(*message); });
  }

private:
  void handle(caf::mailbox_element& message) {
    const auto to = owner_.lock();
    if (!to) return;
    auto& content = message.content();
    if (message.mid.is_response()) {
      to->deliver(message.mid.request_id().integer_value(), content);
    } else if (content.match_elements<caf::down_msg>()) {
      const auto& down = content.get_as<caf::down_msg>(0);
      to->target_down(down.source.id(),
                      {errc::unavailable, "the actor behind this handle has ended"});
    }
  }

  std::weak_ptr<link> owner_;
  std::shared_ptr<loop> home_;
};

link::link(loop& home, link_limits limits) : home_(home.shared_from_this()), limits_(limits) {}

std::shared_ptr<link> link::make(loop& home, link_limits limits) {
  std::shared_ptr<link> made(new link(home, limits));
  auto& system = home.system();
  caf::actor_config config;
  made->port_ = caf::make_actor<port, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config, std::weak_ptr<link>(made),
      home.shared_from_this());
  made->sweeper_ = made->sweep().eagerlyEvaluate(nullptr);
  return made;
}

link::~link() { close({errc::disconnected, "the connection is closed"}); }

void link::close(const error& why) {
  if (closed_) return;
  closed_ = true;
  why_closed_ = why;
  sweeper_ = nullptr;
  fail_all(why);
}

void link::fail_all(const error& why) {
  auto calls = std::move(calls_);
  calls_.clear();
  for (auto& [number, call] : calls) call->fail(why);
}

void link::admit_call() const {
  if (closed_) kj::throwFatalException(codec::to_exception(why_closed_));
  if (calls_.size() >= limits_.calls_in)
    kj::throwFatalException(
        codec::to_exception({errc::overloaded, "too many calls in work on this connection"}));
}

std::uint64_t link::send(const caf::strong_actor_ptr& target, caf::message request,
                         std::unique_ptr<pending_call> call) {
  const auto number = ++last_number_;
  call->target = target->id();
  call->deadline = home_->timer().now() + limits_.call_timeout.count() * kj::MILLISECONDS;
  calls_.emplace(number, std::move(call));
  target->enqueue(port_, caf::make_message_id(number), std::move(request), nullptr);
  return number;
}

void link::abandon(std::uint64_t number) {
  if (const auto found = calls_.find(number); found != calls_.end()) found->second->abandon();
}

void link::deliver(std::uint64_t number, caf::type_erased_tuple& content) {
  const auto found = calls_.find(number);
  if (found == calls_.end()) return;
  const auto call = std::move(found->second);
  calls_.erase(found);
  if (content.match_elements<caf::error>())
    call->fail(to_error(content.get_as<caf::error>(0)));
  else
    call->answer(content);
}

void link::target_down(caf::actor_id target, const error& why) {
  std::vector<std::unique_ptr<pending_call>> lost;
  for (auto it = calls_.begin(); it != calls_.end();) {
    if (it->second->target == target) {
      lost.push_back(std::move(it->second));
      it = calls_.erase(it);
    } else {
      ++it;
    }
  }
  for (const auto& call : lost) call->fail(why);
}

kj::Promise<void> link::sweep() {
  return home_->timer().afterDelay(sweep_interval).then([this] {
    const auto now = home_->timer().now();
    std::vector<std::unique_ptr<pending_call>> late;
    for (auto it = calls_.begin(); it != calls_.end();) {
      if (it->second->deadline <= now) {
        late.push_back(std::move(it->second));
        it = calls_.erase(it);
      } else {
        ++it;
      }
    }
    for (const auto& call : late) call->fail({errc::timed_out, "the actor did not answer"});
    return sweep();
  });
}

kj::Maybe<capnp::Capability::Client> link::find_export(const caf::strong_actor_ptr& target,
                                                       std::uint64_t type) {
  if (auto* const proxy = dynamic_cast<proxy_base*>(target->get());
      proxy != nullptr && &proxy->proxy_home() == home_.get())
    return proxy->capability();
  const auto found = exports_.find({target->get(), type});
  if (found == exports_.end()) return nullptr;
  return capnp::Capability::Client(found->second->addRef());
}

void link::remember_export(capnp::Capability::Client cap, const caf::strong_actor_ptr& target,
                           std::uint64_t type) {
  auto* const hook = settled(capnp::ClientHook::from(kj::mv(cap)).get());
  exports_.emplace(export_key{target->get(), type}, hook);
  own_.emplace(hook, exported{target, type});
  watch(target, true);
}

void link::forget_export(const caf::strong_actor_ptr& target, std::uint64_t type) {
  const auto found = exports_.find({target->get(), type});
  if (found == exports_.end()) return;
  own_.erase(found->second);
  exports_.erase(found);
  watch(target, false);
}

void link::watch(const caf::strong_actor_ptr& target, bool on) {
  auto* const actor = target->get();
  const auto observer = caf::actor_cast<caf::actor_addr>(port_);
  auto& count = watched_[actor];
  count += on ? 1 : -1;
  if (on && count == 1)
    actor->attach(caf::default_attachable::make_monitor(actor->address(), observer));
  if (count == 0) {
    watched_.erase(actor);
    actor->detach(
        caf::default_attachable::observe_token{observer, caf::default_attachable::monitor});
  }
}

caf::strong_actor_ptr link::find_own(capnp::Capability::Client cap, std::uint64_t type) const {
  auto hook = capnp::ClientHook::from(kj::mv(cap));
  const auto found = own_.find(settled(hook.get()));
  return found != own_.end() && found->second.type == type ? found->second.target : nullptr;
}

} // namespace interswarm::runtime
