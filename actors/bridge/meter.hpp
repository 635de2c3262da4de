#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "storage/range_set.hpp"

namespace interswarm::bridge {

/// Verified bytes of one receipt, each byte of the content counted once however often it was read.
class tally {
public:
  explicit tally(msg::ledger_entry entry) : entry_(std::move(entry)) {}

  void verified(byte_range r, std::int64_t now_ms);
  /// The entry as it stands, if it changed since the last call.
  std::optional<msg::ledger_entry> take_changed();
  const msg::ledger_entry& entry() const { return entry_; }

private:
  msg::ledger_entry entry_;
  range_set counted_;
  bool changed_ = false;
};

struct meter_tick {};
using meter_actor = msg::source_actor::extend<caf::reacts_to<meter_tick>>;

/// The giver's end of a crossing: passes a source on and writes the ledger from what the taker's
/// hashes confirmed.
class meter final : public runtime::loop_actor<meter_actor> {
public:
  meter(caf::actor_config& cfg, runtime::loop& home, msg::source_actor inner,
        msg::ledger_entry entry, name_transfer_actor books);
  ~meter() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "meter"; }

private:
  void write_down();

  msg::source_actor inner_;
  tally tally_;
  name_transfer_actor books_;
  bool ticking_ = false;
};

} // namespace interswarm::bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::meter_tick)
