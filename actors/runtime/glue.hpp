#pragma once

#include "actors/runtime/link.hpp"
#include "actors/runtime/proxy.hpp"

/// What generated adapters and proxies are made of.
namespace interswarm::runtime {

/// The core of a generated server object: each call becomes a request to the actor.
template <class Handle>
class adapter {
public:
  adapter(link& via, const Handle& target)
      : via_(via.shared_from_this()), target_(caf::actor_cast<caf::strong_actor_ptr>(target)) {}
  adapter(const adapter&) = delete;
  adapter& operator=(const adapter&) = delete;
  ~adapter() { via_->forget_export(target_, type_of<Handle>); }

  template <class Request, class Result, class Context>
  kj::Promise<void> call(Context& context) {
    via_->admit_call();
    Request request;
    from_wire(context.getParams(), request, *via_);
    context.releaseParams();
    context.allowCancellation();
    auto paf = kj::newPromiseAndFulfiller<void>();
    const auto number = via_->send(
        target_, caf::make_message(std::move(request)),
        std::make_unique<waiting<Result, Context>>(via_, context, kj::mv(paf.fulfiller)));
    return paf.promise.attach(kj::defer([via = via_, number] { via->abandon(number); }));
  }

private:
  template <class Result, class Context>
  class waiting final : public pending_call {
  public:
    waiting(std::shared_ptr<link> via, Context context, kj::Own<kj::PromiseFulfiller<void>> done)
        : via_(std::move(via)), context_(kj::mv(context)), done_(kj::mv(done)) {}

    void answer(caf::type_erased_tuple& content) override {
      KJ_IF_MAYBE (context, context_) {
        if constexpr (!std::is_void_v<Result>) {
          if (!content.match_elements<Result>())
            return fail({errc::internal, "the actor gave an answer of another type"});
          KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] {
                         to_wire(context->getResults(), content.get_as<Result>(0), *via_);
                       })) {
            done_->reject(kj::mv(*failure));
            return;
          }
        }
        done_->fulfill();
      }
    }
    void fail(const error& why) override {
      if (context_ != nullptr) done_->reject(codec::to_exception(why));
    }
    void abandon() override { context_ = nullptr; }

  private:
    std::shared_ptr<link> via_;
    kj::Maybe<Context> context_;
    kj::Own<kj::PromiseFulfiller<void>> done_;
  };

  std::shared_ptr<link> via_;
  caf::strong_actor_ptr target_;
};

/// The proxy actor of a capability that arrived; refused when the other side gave too many.
template <class Proxy, class Client>
auto spawn_proxy(link& via, Client cap) {
  if (via.imports >= via.limits().handles)
    kj::throwFatalException(
        codec::to_exception({errc::overloaded, "too many handles from this connection"}));
  return via.home().system().template spawn<Proxy, caf::hidden>(via.shared_from_this(),
                                                                kj::mv(cap));
}

} // namespace interswarm::runtime
