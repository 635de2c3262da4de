#include "actors/runtime/rpc_dialer.hpp"

#include "actors/runtime/back_off.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/wide_stream.hpp"
#include "schema/base/codec.hpp"

namespace interswarm::runtime {

namespace {

class dialer_core {
public:
  dialer_core(loop& home, dial_options options, dial_events events, kj::Own<kj::TlsContext> tls)
      : home_(home), options_(std::move(options)), events_(std::move(events)), tls_(kj::mv(tls)),
        waits_(options_.first_wait, options_.longest_wait, options_.seed) {
    running_ = run().eagerlyEvaluate(
        [](kj::Exception&& e) { log().critical("dialler ended: {}", e.getDescription().cStr()); });
  }
  ~dialer_core() noexcept(false) {
    running_ = nullptr;
    connection_ = nullptr;
  }
  KJ_DISALLOW_COPY(dialer_core);

private:
  kj::Promise<void> run() {
    return kj::evalNow([this] { return attempt(); })
        .catch_([this](kj::Exception&& e) {
          connection_ = nullptr;
          events_.down(codec::from_exception(e));
        })
        .then([this] { return home_.timer().afterDelay(waits_.next().count() * kj::MILLISECONDS); })
        .then([this] { return run(); });
  }

  kj::Promise<kj::AuthenticatedStream> connect() {
    return home_.io()
        .provider->getNetwork()
        .parseAddress(options_.address.c_str())
        .then([](kj::Own<kj::NetworkAddress> address) {
          auto connecting = address->connectAuthenticated();
          return connecting.attach(kj::mv(address));
        })
        .then([this](kj::AuthenticatedStream s) -> kj::Promise<kj::AuthenticatedStream> {
          tune(*s.stream);
          if (tls_.get() == nullptr) return kj::mv(s);
          s.stream = widen(kj::mv(s.stream));
          return tls_->wrapClient(kj::mv(s), options_.expected_name.c_str());
        });
  }

  /// Connected when the other side has answered for its first capability: a TLS 1.3 server refuses
  /// a certificate only after the client's handshake is done.
  kj::Promise<void> meet(kj::AuthenticatedStream s) {
    connection_ = connection::dial(home_, kj::mv(s.stream), options_.limits);
    auto first = connection_->bootstrap();
    auto resolved = first.whenResolved();
    return resolved.then([this, first = kj::mv(first)]() mutable {
      waits_.reset();
      events_.up(kj::mv(first), connection_->via());
    });
  }

  kj::Promise<void> attempt() {
    auto met = connect().then([this](kj::AuthenticatedStream s) { return meet(kj::mv(s)); });
    auto late =
        home_.timer().afterDelay(options_.connect_timeout.count() * kj::MILLISECONDS).then([this] {
          kj::throwFatalException(
              codec::to_exception({errc::timed_out, options_.address + " does not answer"}));
        });
    return met.exclusiveJoin(kj::mv(late))
        .then([this] { return connection_->on_disconnect(); })
        .then([this] {
          connection_ = nullptr;
          events_.down({errc::disconnected, "the connection to " + options_.address + " ended"});
        });
  }

  loop& home_;
  dial_options options_;
  dial_events events_;
  kj::Own<kj::TlsContext> tls_;
  back_off waits_;
  kj::Own<connection> connection_;
  kj::Promise<void> running_ = nullptr;
};

class dialer_actor final : public loop_actor<caf::actor> {
public:
  dialer_actor(caf::actor_config& config, loop& home, dial_options options, dial_events events,
               kj::Own<kj::TlsContext> tls)
      : loop_actor<caf::actor>(config, home), options_(std::move(options)),
        events_(std::move(events)), tls_(kj::mv(tls)) {}
  ~dialer_actor() noexcept override {
  } // NOLINT(modernize-use-equals-default): KJ's destructors may throw
  const char* name() const override { return "rpc-dialer"; }
  void on_exit() override { core_.reset(); }

protected:
  caf::behavior make_behavior() override {
    core_ = on_loop<dialer_core>(home(), std::in_place, home(), std::move(options_),
                                 std::move(events_), kj::mv(tls_));
    return {[](caf::ok_atom) {}};
  }

private:
  dial_options options_;
  dial_events events_;
  kj::Own<kj::TlsContext> tls_;
  on_loop<dialer_core> core_;
};

} // namespace

result<caf::actor> start_dialer(loop& home, dial_options options, dial_events events) {
  if (!options.tls && !options.allow_plain && !is_loopback(options.address))
    return fail(errc::configuration,
                "refusing to connect to " + options.address +
                    " without TLS: make keys with `interswarm keys`, or allow plain connections");
  kj::Own<kj::TlsContext> tls;
  if (options.tls) {
    try {
      tls = make_tls_context(*options.tls);
    } catch (const kj::Exception& e) {
      return fail(errc::configuration,
                  std::string("TLS certificate or key: ") + e.getDescription().cStr());
    }
  }
  return caf::actor(
      spawn_on<dialer_actor>(home, std::move(options), std::move(events), kj::mv(tls)));
}

} // namespace interswarm::runtime
