#pragma once

#include "actors/runtime/link.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "schema/base/codec.hpp"

#include <caf/response_promise.hpp>

namespace interswarm::runtime {

/// An actor that stands for a capability, as a link recognises it.
class proxy_base {
public:
  /// On the proxy's loop. A broken capability once the proxy has ended.
  virtual capnp::Capability::Client capability() = 0;
  virtual loop& proxy_home() = 0;

protected:
  ~proxy_base() = default;
};

/// A request that waits for the other side. Answers `cancelled` if it is dropped.
class remote_call {
public:
  remote_call(caf::response_promise promise, std::shared_ptr<link> via)
      : promise_(std::move(promise)), via_(std::move(via)) {
    ++via_->calls_out;
  }
  remote_call(const remote_call&) = delete;
  remote_call& operator=(const remote_call&) = delete;
  ~remote_call() {
    --via_->calls_out;
    if (!done_) promise_.deliver(make_caf_error(errc::cancelled, "the proxy was stopped"));
  }
  link& via() { return *via_; }

  template <class... Ts>
  void deliver(Ts&&... xs) {
    done_ = true;
    promise_.deliver(std::forward<Ts>(xs)...);
  }
  void fail(const error& why) { deliver(make_caf_error(why)); }

private:
  caf::response_promise promise_;
  std::shared_ptr<link> via_;
  bool done_ = false;
};

/// Generated `read` and `write` for values and for structs with handles, under one call.
template <class From, class To>
void from_wire(From from, To& to, link& via) {
  if constexpr (requires { read(from, to, via); })
    read(from, to, via);
  else
    read(from, to);
}
template <class To, class From>
void to_wire(To to, const From& from, link& via) {
  if constexpr (requires { write(to, from, via); })
    write(to, from, via);
  else
    write(to, from);
}

template <class Params, class Results>
typename Params::Builder parameters(capnp::Request<Params, Results>& request) {
  return request;
}
template <class Params>
typename Params::Builder parameters(capnp::StreamingRequest<Params>& request) {
  return request;
}
template <class Results>
typename Results::Reader results(capnp::Response<Results>& response) {
  return response;
}

/// The actor behind a handle that came from another process: each request becomes a call. It ends,
/// and lets the other side go, when its last handle is gone and nothing is asked any more.
template <class Handle, class Wire>
class proxy : public loop_actor<Handle>, public proxy_base {
public:
  proxy(caf::actor_config& config, std::shared_ptr<link> via, typename Wire::Client cap)
      : loop_actor<Handle>(config, via->home()),
        state_(via->home(), std::in_place, via, kj::mv(cap)) {}

  capnp::Capability::Client capability() override {
    if (state_) return state_->cap;
    return capnp::Capability::Client(
        capnp::newBrokenCap(codec::to_exception({errc::disconnected, "the proxy has ended"})));
  }
  loop& proxy_home() override { return this->home(); }
  void on_exit() override { state_.reset(); }

protected:
  template <class Result, class Request, class Begin>
  caf::result<Result> call(const Request& x, Begin&& begin) {
    if (!state_) return make_caf_error(errc::disconnected, "the connection is closed");
    auto& s = *state_;
    if (s.via->closed()) return make_caf_error(s.via->why_closed());
    if (s.via->calls_out >= s.via->limits().calls_out)
      return make_caf_error(errc::overloaded, "too many calls in work at the other side");
    auto promise = this->make_response_promise();
    auto waiting = std::make_shared<remote_call>(promise, s.via);
    try {
      auto request = begin(s.cap, nullptr);
      to_wire(parameters(request), x, *s.via);
      s.tasks.add(wait<Result>(request.send(), std::move(waiting)));
    } catch (const kj::Exception& e) {
      if (waiting) waiting->fail(codec::from_exception(e));
    }
    return promise;
  }

private:
  struct state final : kj::TaskSet::ErrorHandler {
    state(std::shared_ptr<link> l, typename Wire::Client c)
        : via(std::move(l)), cap(kj::mv(c)), tasks(*this) {
      ++via->imports;
    }
    ~state() noexcept(false) { --via->imports; }
    void taskFailed(kj::Exception&& e) override {
      log().error("a proxy failed: {}", e.getDescription().cStr());
    }
    std::shared_ptr<link> via;
    typename Wire::Client cap;
    kj::TaskSet tasks;
  };

  template <class Result, class Answer>
  static kj::Promise<void> wait(Answer answer, std::shared_ptr<remote_call> call) {
    if constexpr (std::is_same_v<Answer, kj::Promise<void>>) {
      return answer.then([call] { call->deliver(caf::unit); },
                         [call](kj::Exception&& e) { call->fail(codec::from_exception(e)); });
    } else {
      return answer.then(
          [call](auto&& response) {
            if constexpr (std::is_void_v<Result>) {
              call->deliver(caf::unit);
            } else {
              try {
                Result result;
                from_wire(results(response), result, call->via());
                call->deliver(std::move(result));
              } catch (const kj::Exception& e) {
                call->fail(codec::from_exception(e));
              }
            }
            // Letting the response go sends a message. Whoever waited may call again first, so that
            // the other side wakes to work and not to that.
            return kj::evalLast([kept = kj::mv(response)] {});
          },
          [call](kj::Exception&& e) -> kj::Promise<void> {
            call->fail(codec::from_exception(e));
            return kj::READY_NOW;
          });
    }
  }

  on_loop<state> state_;
};

} // namespace interswarm::runtime
