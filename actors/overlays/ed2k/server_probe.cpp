#include "actors/overlays/ed2k/server_probe.hpp"

#include "schema/ed2k/client_opcode.hpp"

namespace interswarm::ed2k {

namespace {

/// A HELLOANSWER with every tag known is some 200 bytes.
constexpr std::size_t max_answer_bytes = 16'384;

using answer_t = kj::Maybe<md4_digest>;

class dialogue final : frame_stream::listener {
public:
  dialogue(kj::Own<kj::AsyncIoStream> stream, const hello& own)
      : stream_(kj::mv(stream), link_kind::client, max_answer_bytes, *this) {
    bytes packet;
    append_hello(packet, own, false);
    stream_.send(std::move(packet));
    stream_.start();
  }

  kj::Promise<answer_t> answer() { return kj::mv(paf_.promise); }

private:
  void on_frame(const frame& packet) override {
    // A client may first ask what we can do (EMULEINFO): only the answer counts.
    if (packet.family != protocol::edonkey || packet.opcode != opcode::hello_answer) return;
    const auto answered = decode_hello(packet.payload, true);
    paf_.fulfiller->fulfill(answered ? answer_t(answered->user_hash) : answer_t(nullptr));
  }
  void on_end(std::string) override { paf_.fulfiller->fulfill(nullptr); }

  kj::PromiseFulfillerPair<answer_t> paf_ = kj::newPromiseAndFulfiller<answer_t>();
  frame_stream stream_;
};

} // namespace

kj::Promise<answer_t> callback_test(kj::Network& network, kj::Timer& timer, hello own,
                                    const endpoint& to, std::chrono::milliseconds limit) {
  auto address = kj_address(network, to);
  auto connected = address->connect();
  return connected
      .then([own = std::move(own)](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<answer_t> {
        auto talk = kj::heap<dialogue>(kj::mv(stream), own);
        auto answer = talk->answer();
        return answer.attach(kj::mv(talk));
      })
      .attach(kj::mv(address))
      .exclusiveJoin(timer.afterDelay(limit.count() * kj::MILLISECONDS).then([]() -> answer_t {
        return nullptr;
      }))
      .catch_([](kj::Exception&&) -> answer_t { return nullptr; });
}

} // namespace interswarm::ed2k
