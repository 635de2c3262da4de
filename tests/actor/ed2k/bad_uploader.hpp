#pragma once

#include "actors/overlays/ed2k/client_connection.hpp"
#include "actors/overlays/ed2k/upload_session.hpp"
#include "tests/actor/ed2k/peer_fixture.hpp"

namespace interswarm::ed2k {

/// An uploader with a fault.
class bad_uploader final : public client_connection::owner {
public:
  enum class fault : std::uint8_t {
    /// Flips a bit in each block it sends.
    lies,
    /// Never says hello on its first connection.
    mute,
    /// An aMule that grants a slot on its first connection and sends nothing.
    stuck,
    /// The same of another client.
    slow,
  };

  bad_uploader(runtime::loop& home, const test_file& file, fault what)
      : what_(what), file_(file), session_(file.hash, file.size, false) {
    kj::StringPtr any = "127.0.0.1";
    auto& network = home.io().provider->getNetwork();
    task_ = network.parseAddress(any, 0)
                .then([this](kj::Own<kj::NetworkAddress> address) {
                  listener_ = address->listen();
                  port_ = static_cast<std::uint16_t>(listener_->getPort());
                  return accept();
                })
                .eagerlyEvaluate(nullptr);
  }
  std::uint16_t port() const { return port_; }
  std::atomic<std::size_t> blocks{0};
  std::atomic<int> connections{0};

private:
  kj::Promise<void> accept() {
    return listener_->accept().then([this](kj::Own<kj::AsyncIoStream> stream) {
      ++connections;
      kept_.push_back(std::make_unique<client_connection>(kj::mv(stream), *this));
      kept_.back()->start();
      return accept();
    });
  }
  bool on_frame(const frame& f) override {
    if (connections == 1 && what_ == fault::mute) return true;
    bytes out;
    if (f.family == protocol::edonkey && f.opcode == opcode::hello) {
      hello me{.user_hash = mark_user_hash({9, 9, 9}),
               .id = {},
               .tcp_port = port_,
               .udp_port = 0,
               .nick = "bad",
               .can = decode_capabilities(0x34133216, 0x5B8),
               .emule_version = what_ == fault::stuck ? 0x03020303u : compatible_emule_version,
               .server = {}};
      me.can.is_emule = true;
      append_hello(out, me, true);
    } else if (f.opcode == emule_opcode::multi_packet_ext) {
      append_multi_packet_answer(out, {file_.hash, "file", part_status{true, {}}, {}});
    } else if (f.opcode == opcode::start_upload_req) {
      append_bare(out, opcode::accept_upload_req);
    } else if (f.opcode == opcode::request_parts) {
      if (connections == 1 && (what_ == fault::stuck || what_ == fault::slow)) return true;
      session_.request(*decode_request_parts(f.payload, false));
      while (const auto block = session_.next_block()) {
        auto data = file_.content(*block);
        if (what_ == fault::lies) data[data.size() / 2] ^= 1;
        for (const auto& piece : session_.encode(*block, {slice(std::move(data))}))
          append(out, piece);
        ++blocks;
      }
    }
    kept_.back()->send(std::move(out));
    return true;
  }
  void on_drained() override {}
  void on_closed(std::string_view) override {}

  fault what_;
  test_file file_;
  upload_session session_;
  std::uint16_t port_ = 0;
  kj::Own<kj::ConnectionReceiver> listener_;
  std::vector<std::unique_ptr<client_connection>> kept_;
  kj::Promise<void> task_ = nullptr;
};

} // namespace interswarm::ed2k
