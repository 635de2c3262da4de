#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/bridge/delivery.hpp"
#include "actors/bridge/meter.hpp"
#include "actors/runtime/loop_actor.hpp"

#include <deque>
#include <map>

namespace interswarm::bridge {

struct gateway_tick {};
/// What stands in the status report of an open gateway.
struct gateway_look {};
using gateway_actor = msg::source_actor::extend<caf::reacts_to<gateway_tick>,
                                                caf::replies_to<gateway_look>::with<msg::gateway>>;

/// The source that one overlay serves while another fetches. Asks the message handler for offers
/// when it is first read (by a client, or by itself to warm up), replaces a source that makes no
/// progress, finds out whether a mismatch is a liar or a false equation, and writes the taker's
/// ledger. Keeps no content: its memory does not grow with the file.
class gateway final : public runtime::loop_actor<gateway_actor> {
public:
  struct context {
    std::string domain;
    policy rules;
    handler_actor handler;
    name_transfer_actor books;
    /// Whether the sought name's own swarm may deliver (imports and client commands).
    bool own_swarm = false;
    /// Bytes read of its own accord at the beginning, see policy; at most msg::max_read_bytes.
    std::uint64_t warm_up_bytes = 0;
  };

  /// `first`: offers that are known already; may be empty.
  gateway(caf::actor_config& cfg, runtime::loop& home, context ctx, msg::name_record sought,
          std::vector<msg::offer> first);
  ~gateway() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "gateway"; }

private:
  struct giver {
    msg::offer offer;
    tally books;
    range_set provided;
  };
  struct pending_read {
    msg::source_read request;
    caf::typed_response_promise<msg::source_read_result> promise;
    instant deadline;
    bool asked = false;
  };

  caf::typed_response_promise<msg::source_read_result> read(const msg::source_read& request);
  void warm_up();
  void ask(std::uint64_t id);
  void ask_waiting();
  void answered(std::uint64_t id, std::size_t from, const msg::source_read_result& result);
  void read_failed(std::uint64_t id, std::size_t from, const caf::error& why);
  void follow(delivery_step step);
  void find();
  void offers_arrived(std::vector<msg::offer>& offers);
  void judged(const msg::source_judge& verdict);
  void check_equation(std::size_t from, byte_range r);
  void fail_all(errc code, const std::string& text);
  void expire(instant now);
  void look_for_progress();
  void report(std::size_t from, bool failed);
  void write_down();
  void tick_later();
  template <class Result, class Request>
  caf::typed_response_promise<Result> pass_on(const Request& request,
                                              std::chrono::milliseconds limit);
  template <class Result, class Request>
  void try_pass_on(const Request& request, caf::typed_response_promise<Result> promise,
                   instant until);
  giver* in_use();
  msg::gateway look() const;

  context ctx_;
  msg::name_record sought_;
  delivery delivery_;
  std::vector<msg::offer> initial_;
  std::deque<giver> givers_;
  /// Where the offers of the last answer begin in `givers_`.
  std::size_t first_ = 0;
  std::map<std::uint64_t, pending_read> reads_;
  std::uint64_t next_read_ = 0;
  bool finding_ = false;
  bool refuted_ = false;
  bool checking_ = false;
  bool looking_ = false;
  std::uint64_t received_ = 0;
  bool ticking_ = false;
  instant find_after_{};
  instant asked_since_{};
  std::uint64_t bytes_since_report_ = 0;
  std::uint64_t verified_bytes_ = 0;
  std::string note_;
};

} // namespace interswarm::bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::gateway_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::gateway_look)
