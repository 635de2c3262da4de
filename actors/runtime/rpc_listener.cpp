#include "actors/runtime/rpc_listener.hpp"

#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/wide_stream.hpp"
#include "schema/base/codec.hpp"
#include "schema/base/encoding.hpp"

#include <future>

namespace interswarm::runtime {

namespace {

constexpr auto accept_retry = 1 * kj::SECONDS;

class listener_core final : kj::TaskSet::ErrorHandler {
public:
  listener_core(loop& home, listen_options options, peer_bootstrap bootstrap)
      : home_(home), options_(std::move(options)), bootstrap_(std::move(bootstrap)), tasks_(*this) {
    if (options_.tls) tls_ = make_tls_context(*options_.tls);
  }
  ~listener_core() noexcept(false) = default;
  KJ_DISALLOW_COPY(listener_core);

  void listen(kj::Own<kj::ConnectionReceiver> receiver) {
    receiver_ = kj::mv(receiver);
    tasks_.add(accept());
  }

private:
  void taskFailed(kj::Exception&& e) override {
    log().info("connection refused: {}", printable(codec::from_exception(e).text));
  }

  kj::Promise<void> accept() {
    return receiver_->acceptAuthenticated()
        .then(
            [this](kj::AuthenticatedStream s) -> kj::Promise<void> {
              if (open_ >= options_.max_connections) {
                log().warn("too many connections: one is closed");
                return kj::READY_NOW;
              }
              tasks_.add(serve(kj::mv(s)));
              return kj::READY_NOW;
            },
            [this](kj::Exception&& e) -> kj::Promise<void> {
              log().warn("accept failed: {}", e.getDescription().cStr());
              return home_.timer().afterDelay(accept_retry);
            })
        .then([this] { return accept(); });
  }

  kj::Promise<void> serve(kj::AuthenticatedStream s) {
    ++open_;
    auto close = kj::defer([this] { --open_; });
    tune(*s.stream);
    if (tls_.get() == nullptr) return run(kj::mv(s)).attach(kj::mv(close));
    s.stream = widen(kj::mv(s.stream));
    const auto limit = options_.handshake_timeout.count() * kj::MILLISECONDS;
    return home_.timer()
        .timeoutAfter(limit, tls_->wrapServer(kj::mv(s)))
        .then([this](kj::AuthenticatedStream secured) { return run(kj::mv(secured)); })
        .attach(kj::mv(close));
  }

  kj::Promise<void> run(kj::AuthenticatedStream s) {
    peer_identity peer{"loopback", s.peerIdentity->toString().cStr(), false};
    if (tls_.get() != nullptr) {
      auto& identity = kj::downcast<kj::TlsPeerIdentity>(*s.peerIdentity);
      peer = {identity.getCommonName().cStr(), identity.getNetworkIdentity().toString().cStr(),
              true};
    }
    auto made = connection::serve(home_, kj::mv(s.stream), options_.limits,
                                  [&](link& via) { return bootstrap_(peer, via); });
    auto ended = made->on_disconnect();
    return ended.attach(kj::mv(made));
  }

  loop& home_;
  listen_options options_;
  peer_bootstrap bootstrap_;
  kj::Own<kj::TlsContext> tls_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  std::size_t open_ = 0;
  kj::TaskSet tasks_;
};

class listener_actor final : public loop_actor<caf::actor> {
public:
  listener_actor(caf::actor_config& config, loop& home, on_loop<listener_core> core)
      : loop_actor<caf::actor>(config, home), core_(std::move(core)) {}
  const char* name() const override { return "rpc-listener"; }
  void on_exit() override { core_.reset(); }

protected:
  caf::behavior make_behavior() override {
    return {[](caf::ok_atom) {}};
  }

private:
  on_loop<listener_core> core_;
};

using started = result<rpc_listener>;

/// On the loop; answers when bound.
void bind(loop& home, listen_options options, peer_bootstrap bootstrap,
          std::shared_ptr<std::promise<started>> done) {
  try {
    const auto address = options.address;
    on_loop<listener_core> core(home, std::in_place, home, std::move(options),
                                std::move(bootstrap));
    home.io()
        .provider->getNetwork()
        .parseAddress(address.c_str())
        .then([&home, core = std::move(core), done,
               address](kj::Own<kj::NetworkAddress> parsed) mutable {
          auto receiver = parsed->listen();
          const auto port = static_cast<std::uint16_t>(receiver->getPort());
          core->listen(kj::mv(receiver));
          done->set_value(rpc_listener{spawn_on<listener_actor>(home, std::move(core)), port});
        })
        .detach([done, address](kj::Exception&& e) {
          done->set_value(fail(errc::io, "cannot listen on " + address + ": " + reason_of(e)));
        });
  } catch (const kj::Exception& e) {
    done->set_value(fail(errc::configuration,
                         std::string("TLS certificate or key: ") + e.getDescription().cStr()));
  }
}

} // namespace

void refuse(const peer_identity& peer) {
  kj::throwFatalException(codec::to_exception({errc::denied, peer.name + " is not known here"}));
}

started start_listener(loop& home, listen_options options, peer_bootstrap bootstrap) {
  if (!options.tls && !options.allow_plain && !is_loopback(options.address))
    return fail(errc::configuration,
                "refusing to listen on " + options.address +
                    " without TLS: make keys with `interswarm keys`, or allow plain connections");
  auto done = std::make_shared<std::promise<started>>();
  auto bound = done->get_future();
  const bool posted = home.post(
      [&home, done, options = std::move(options), bootstrap = std::move(bootstrap)]() mutable {
        bind(home, std::move(options), std::move(bootstrap), done);
      });
  done.reset();
  if (!posted) return fail(errc::cancelled, "the loop has ended");
  try {
    return bound.get();
  } catch (const std::future_error&) {
    return fail(errc::cancelled, "the loop has ended");
  }
}

} // namespace interswarm::runtime
