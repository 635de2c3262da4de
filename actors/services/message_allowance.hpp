#pragma once

#include "schema/base/result.hpp"
#include "schema/bridge.values.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace interswarm::services {

/// Bytes of one party's message: of its texts and data, and a share for each entry of its lists.
inline constexpr std::size_t max_message_bytes = 4u << 20;
/// Messages of one party that wait for their answers.
inline constexpr std::size_t max_messages_in_work = 32;
/// Messages of one party: on average, and at once after a pause.
inline constexpr std::uint32_t messages_per_second = 50;
inline constexpr std::uint32_t messages_at_once = 200;

/// What counts as a message's size, in bytes.
std::size_t size_of(const msg::message& m);

/// How much each party may send, whichever of its sessions it uses.
class message_allowance {
public:
  using instant = std::chrono::steady_clock::time_point;

  /// A message of that size begins. Fails `too_large` and `overloaded`; then `end` must not follow.
  result<void> begin(const std::string& party, std::size_t bytes, instant now);
  /// It was answered, or nobody waits for it any more.
  void end(const std::string& party);
  /// Parties that are remembered: those that sent something lately.
  std::size_t remembered() const { return by_party_.size(); }

private:
  struct account {
    std::size_t in_work = 0;
    /// When all that was sent would have been at just the rate.
    instant due{};
  };
  void forget_quiet(instant now);

  std::map<std::string, account> by_party_;
  instant swept_at_{};
};

} // namespace interswarm::services
