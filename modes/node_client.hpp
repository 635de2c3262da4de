#pragma once

#include "actors/runtime/error.hpp"
#include "schema/node.gen.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace interswarm::runtime {
class loop;
}

namespace interswarm {

/// Where a client command finds its node.
struct node_address {
  std::string address = "127.0.0.1:7400";
  /// Folder of certificates and our name there; empty: plain TCP, to a loopback address only.
  std::string keys;
  std::string key_name;
  std::string expected_name;
};

/// A client command's connection to a running node. Blocks; for one thread.
class node_client {
public:
  /// Fails `disconnected` (no node there), `denied`, `configuration` with one line for the user.
  static result<std::unique_ptr<node_client>> connect(const node_address& where);
  /// The same for parties that are no operators: without `control()`.
  static result<std::unique_ptr<node_client>> connect_as_guest(const node_address& where);
  ~node_client();
  node_client(const node_client&) = delete;
  node_client& operator=(const node_client&) = delete;

  const msg::control_actor& control() const { return control_; }
  const msg::session_actor& session() const { return session_; }
  const std::string& domain() const { return domain_; }

  /// Sends a request and waits.
  template <class Result, class Handle, class Question>
  result<Result> ask(const Handle& to, Question question,
                     std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
    result<Result> out = fail(errc::internal, "no answer");
    (*self_)
        ->request(to, timeout, std::move(question))
        .receive([&out](Result& answer) { out = std::move(answer); },
                 [&out](caf::error& why) { out = tl::unexpected(runtime::to_error(why)); });
    return out;
  }

  /// For a method without results.
  template <class Handle, class Question>
  result<void> ask_done(const Handle& to, Question question,
                        std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
    result<void> out = fail(errc::internal, "no answer");
    (*self_)
        ->request(to, timeout, std::move(question))
        .receive([&out] { out = {}; },
                 [&out](caf::error& why) { out = tl::unexpected(runtime::to_error(why)); });
    return out;
  }
  /// For callers that keep several requests in flight.
  caf::scoped_actor& self() { return *self_; }

private:
  node_client();

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::shared_ptr<runtime::loop> loop_;
  std::optional<caf::scoped_actor> self_;
  caf::actor dialer_;
  msg::node_actor node_;
  msg::session_actor session_;
  msg::control_actor control_;
  std::string domain_;
};

} // namespace interswarm
