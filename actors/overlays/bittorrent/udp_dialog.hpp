#pragma once

#include "schema/bittorrent/udp_tracker.hpp"

#include <functional>
#include <map>

namespace interswarm::bittorrent {

struct udp_dialog_timing {
  /// BEP 15: wait 15·2ⁿ seconds for an answer before sending again.
  std::uint32_t first_wait_ms = 15'000;
  /// Sent so often altogether, then the request has failed. (BEP 15 goes on to 9, which is two
  /// hours.)
  std::uint32_t sends = 4;
  /// A connection id is used for a minute (BEP 15).
  std::uint32_t connection_ms = 60'000;
};

/// The client's end of the UDP tracker conversation with one tracker: connection ids, transactions,
/// retransmission. No clock, no socket. Each request ends with exactly one `done`.
class udp_dialog {
public:
  udp_dialog(udp_dialog_timing timing, std::function<std::uint32_t()> random);

  /// The answer, or one line why there is none.
  using outcome = tl::expected<udp_tracker::response, std::string>;
  struct done {
    std::uint64_t request = 0;
    outcome what;
  };
  struct effects {
    std::vector<bytes> packets;
    std::vector<done> finished;
  };

  /// `url_path` travels as BEP 41 URL data.
  effects announce(std::uint64_t request, const announce_request& a, const std::string& url_path,
                   std::uint64_t now_ms);
  effects scrape(std::uint64_t request, const std::vector<info_hash>& names, std::uint64_t now_ms);
  /// A packet from the tracker's own address; anything else must not come here.
  effects received(byte_view packet, bool v6, std::uint64_t now_ms);
  effects tick(std::uint64_t now_ms);
  /// Requests that wait for an answer.
  std::size_t size() const { return pending_.size(); }

private:
  struct pending {
    std::uint64_t request = 0;
    udp_tracker::action what = udp_tracker::action::announce;
    announce_request announce;
    std::string url_path;
    std::vector<info_hash> names;
    std::uint32_t transaction = 0;
    std::uint32_t sent = 0;
    std::uint64_t again_ms = 0;
    /// Waits for a connection id.
    bool held = true;
  };

  void start(pending p, std::uint64_t now_ms, effects& out);
  void send(pending& p, std::uint64_t now_ms, effects& out);
  void connect(std::uint64_t now_ms, effects& out);
  void connected(std::uint64_t id, std::uint64_t now_ms, effects& out);
  void fail_all(const std::string& why, effects& out);
  bool has_id(std::uint64_t now_ms) const {
    return id_at_ms_ != 0 && now_ms - id_at_ms_ < timing_.connection_ms;
  }
  std::uint64_t wait_ms(std::uint32_t sent) const {
    return std::uint64_t{timing_.first_wait_ms} << (sent - 1);
  }

  udp_dialog_timing timing_;
  std::function<std::uint32_t()> random_;
  std::vector<pending> pending_;
  std::uint64_t id_ = 0;
  std::uint64_t id_at_ms_ = 0;
  /// A connect under way: 0 = none.
  std::uint32_t connect_sent_ = 0;
  std::uint32_t connect_transaction_ = 0;
  std::uint64_t connect_again_ms_ = 0;
};

} // namespace interswarm::bittorrent
