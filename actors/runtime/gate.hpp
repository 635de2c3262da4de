#pragma once

#include "actors/runtime/link.hpp"
#include "actors/runtime/on_loop.hpp"

#include <capnp/membrane.h>

namespace interswarm::runtime {

/// A revocable way to an actor: all that is obtained through it, however often handed on, is cut at
/// once when the gate is closed or dropped. Made on a loop's thread, for handles that cross from
/// that loop.
///
///     gate g(home());  msg::session_actor shown = g.pass(session);   // give `shown` away, keep
///     `g` g.close({errc::denied, "the session has ended"});
class gate {
public:
  explicit gate(loop& home, link_limits limits = {});
  gate(gate&&) noexcept = default;
  gate& operator=(gate&&) noexcept = default;

  /// A handle that reaches `inner` while the gate is open.
  template <class Handle>
  Handle pass(const Handle& inner) {
    using wire = typename interface_of<Handle>::wire;
    auto shown = wrap(export_capability<Handle>(inner, via()));
    return interface_of<Handle>::make_proxy(shown.template castAs<wire>(), via());
  }

  /// Whether somebody holds what was obtained through it. On the loop's thread.
  bool in_use() const;
  /// From any thread. Calls in work and later ones fail with `why`.
  void close(const error& why);

private:
  struct state {
    state(loop& home, link_limits limits);
    ~state() noexcept(false);
    KJ_DISALLOW_COPY(state);
    void close(const error& why);
    std::shared_ptr<link> via;
    kj::Own<kj::PromiseFulfiller<void>> revoke;
    kj::Own<capnp::MembranePolicy> policy;
  };
  link& via();
  capnp::Capability::Client wrap(capnp::Capability::Client inner);

  std::shared_ptr<loop> home_;
  std::shared_ptr<on_loop<state>> state_;
};

} // namespace interswarm::runtime
