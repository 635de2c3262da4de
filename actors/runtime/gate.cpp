#include "actors/runtime/gate.hpp"

#include "schema/base/codec.hpp"

namespace interswarm::runtime {

namespace {

/// Lets every call through until `revoked` rejects.
class revocable final : public capnp::MembranePolicy, public kj::Refcounted {
public:
  explicit revocable(kj::Promise<void> revoked) : revoked_(revoked.fork()) {}
  kj::Maybe<capnp::Capability::Client> inboundCall(std::uint64_t, std::uint16_t,
                                                   capnp::Capability::Client) override {
    return nullptr;
  }
  kj::Maybe<capnp::Capability::Client> outboundCall(std::uint64_t, std::uint16_t,
                                                    capnp::Capability::Client) override {
    return nullptr;
  }
  kj::Own<capnp::MembranePolicy> addRef() override { return kj::addRef(*this); }
  kj::Maybe<kj::Promise<void>> onRevoked() override { return revoked_.addBranch(); }

private:
  kj::ForkedPromise<void> revoked_;
};

} // namespace

gate::state::state(loop& home, link_limits limits) : via(link::make(home, limits)) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  revoke = kj::mv(paf.fulfiller);
  policy = kj::refcounted<revocable>(kj::mv(paf.promise));
}

gate::state::~state() noexcept(false) { close({errc::denied, "access has ended"}); }

void gate::state::close(const error& why) {
  if (revoke->isWaiting()) revoke->reject(codec::to_exception(why));
  via->close(why);
}

gate::gate(loop& home, link_limits limits)
    : home_(home.shared_from_this()),
      state_(std::make_shared<on_loop<state>>(home, std::in_place, home, limits)) {}

link& gate::via() { return *(*state_)->via; }

capnp::Capability::Client gate::wrap(capnp::Capability::Client inner) {
  return capnp::membrane(kj::mv(inner), (*state_)->policy->addRef());
}

bool gate::in_use() const {
  // Each capability behind the membrane holds the policy.
  return *state_ && static_cast<const revocable&>(*(*state_)->policy).isShared();
}

void gate::close(const error& why) {
  home_->post([state = state_, why] {
    if (*state) (*state)->close(why);
  });
}

} // namespace interswarm::runtime
