#pragma once

#include "actors/overlays/ppsp/registrar_core.hpp"
#include "actors/overlays/ppsp/registrar_link.hpp"

#include <functional>
#include <map>

namespace interswarm::ppsp {

/// Does what `registrar_core` decides, over one `registrar_link`. A KJ object: all on one loop.
class registrar_hands final : private kj::TaskSet::ErrorHandler {
public:
  using found = result<std::vector<party_at_tracker>>;
  using find_function = std::function<void(found)>;
  using enter_function = std::function<void(result<void>)>;

  registrar_hands(kj::Network& network, kj::Timer& timer, const registrar_url& url,
                  const registrar_options& options);
  ~registrar_hands() noexcept(false);
  registrar_hands(const registrar_hands&) = delete;
  registrar_hands& operator=(const registrar_hands&) = delete;

  /// `done` is called once; without an error the swarm stays entered until `withdraw`.
  void announce(const std::string& swarm, bool seeder, enter_function done);
  void withdraw(const std::string& swarm, bool seeder);
  void find(const std::string& swarm, std::size_t want, find_function done);
  void follow(const std::vector<std::string>& swarms) { core_.follow(swarms); }
  bool in_force(const std::string& swarm) const { return core_.in_force(swarm, now()); }
  std::string status_line() const { return core_.status_line(now()); }
  const registrar_core& core() const { return core_; }

  /// Forgets who waits, and leaves all swarms: done when that is, or in
  /// `limits::registrar_farewell`.
  kj::Promise<void> farewell();

private:
  void taskFailed(kj::Exception&& e) override;
  kj::Promise<void> tick_on();
  kj::Promise<void> wait_until_gone();
  void perform(registrar_effects effects);
  void ask(const ask_tracker& what);
  instant now() const;

  kj::Timer& timer_;
  registrar_core core_;
  registrar_link link_;
  std::map<registrar_call, find_function> finds_;
  std::map<registrar_call, enter_function> enters_;
  registrar_call next_call_ = 1;
  kj::TaskSet tasks_;
};

} // namespace interswarm::ppsp
