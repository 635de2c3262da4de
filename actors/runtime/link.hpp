#pragma once

#include "actors/runtime/limits.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/type_erased_tuple.hpp>
#include <capnp/capability.h>
#include <map>
#include <unordered_map>

namespace interswarm::runtime {

/// Specialised by the generated X.glue.hpp for each actor handle: its Cap'n Proto interface and how
/// to make the server adapter (capability over an actor) and the proxy (actor over a capability).
template <class Handle>
struct interface_of;

struct link_limits {
  std::size_t calls_in = max_calls_in;
  std::size_t calls_out = max_calls_out;
  std::size_t handles = max_handles;
  std::chrono::milliseconds call_timeout = runtime::call_timeout;
};

/// A call from the other side that waits for an actor of ours.
class pending_call {
public:
  pending_call() = default;
  pending_call(const pending_call&) = delete;
  pending_call& operator=(const pending_call&) = delete;
  virtual ~pending_call() noexcept(false) = default;
  virtual void answer(caf::type_erased_tuple& content) = 0;
  virtual void fail(const error& why) = 0;
  /// The caller lost interest; the actor's answer goes nowhere.
  virtual void abandon() = 0;

  caf::actor_id target = caf::invalid_actor_id;
  kj::TimePoint deadline = kj::origin<kj::TimePoint>();
};

/// What two sides of a connection know of each other's handles, and the calls between them. One per
/// connection (or gate); used on its loop only. Adapters and proxies keep it alive; `close` ends
/// its use.
class link : public std::enable_shared_from_this<link> {
public:
  static std::shared_ptr<link> make(loop& home, link_limits limits = {});
  ~link();
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  loop& home() const { return *home_; }
  const link_limits& limits() const { return limits_; }

  /// Calls in work fail with `why`, and so does each later one.
  void close(const error& why);
  bool closed() const { return closed_; }
  const error& why_closed() const { return why_closed_; }

  /// Throws `overloaded` or why the link was closed, as a KJ exception.
  void admit_call() const;
  /// Sends `request` to an actor of ours; `call` gets the answer. Returns the number for `abandon`.
  std::uint64_t send(const caf::strong_actor_ptr& target, caf::message request,
                     std::unique_ptr<pending_call> call);
  void abandon(std::uint64_t number);

  /// The capability that stands for `target` here: of a proxy on this loop its own, else an adapter
  /// made before.
  kj::Maybe<capnp::Capability::Client> find_export(const caf::strong_actor_ptr& target,
                                                   std::uint64_t type);
  void remember_export(capnp::Capability::Client cap, const caf::strong_actor_ptr& target,
                       std::uint64_t type);
  void forget_export(const caf::strong_actor_ptr& target, std::uint64_t type);
  /// Our own actor, if `cap` is one of our adapters that came back.
  caf::strong_actor_ptr find_own(capnp::Capability::Client cap, std::uint64_t type) const;

  std::size_t calls_in() const { return calls_.size(); }
  std::size_t exports() const { return exports_.size(); }
  std::size_t imports = 0;
  std::size_t calls_out = 0;

private:
  class port;
  using export_key = std::pair<caf::abstract_actor*, std::uint64_t>;
  struct exported {
    caf::strong_actor_ptr target;
    std::uint64_t type = 0;
  };

  link(loop& home, link_limits limits);
  void deliver(std::uint64_t number, caf::type_erased_tuple& content);
  void target_down(caf::actor_id target, const error& why);
  void fail_all(const error& why);
  kj::Promise<void> sweep();
  void watch(const caf::strong_actor_ptr& target, bool on);

  std::shared_ptr<loop> home_;
  link_limits limits_;
  caf::strong_actor_ptr port_;
  bool closed_ = false;
  error why_closed_;
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<pending_call>> calls_;
  std::map<export_key, capnp::ClientHook*> exports_;
  std::unordered_map<capnp::ClientHook*, exported> own_;
  std::unordered_map<caf::abstract_actor*, std::size_t> watched_;
  kj::Promise<void> sweeper_ = nullptr;
};

/// Cap'n Proto's number of an actor handle's interface.
template <class Handle>
constexpr std::uint64_t type_of = interface_of<Handle>::wire::_capnpPrivate::typeId;

template <class Handle>
typename interface_of<Handle>::wire::Client export_capability(const Handle& handle, link& via) {
  const auto target = caf::actor_cast<caf::strong_actor_ptr>(handle);
  KJ_IF_MAYBE (known, via.find_export(target, type_of<Handle>)) {
    return known->template castAs<typename interface_of<Handle>::wire>();
  }
  auto made = interface_of<Handle>::make_adapter(handle, via);
  via.remember_export(made, target, type_of<Handle>);
  return made;
}

template <class Handle>
Handle import_capability(typename interface_of<Handle>::wire::Client cap, link& via) {
  if (capnp::ClientHook::from(cap)->isNull()) return {};
  if (auto own = via.find_own(cap, type_of<Handle>)) return caf::actor_cast<Handle>(own);
  return interface_of<Handle>::make_proxy(kj::mv(cap), via);
}

} // namespace interswarm::runtime
