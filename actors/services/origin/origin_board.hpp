#pragma once

#include "actors/services/origin/token_bucket.hpp"
#include "schema/base/result.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace interswarm::origin {

/// `up`: its last answer was of use. `failing`: it is tried again after a wait. `down`: it has
/// failed several times in a row, others are tried first.
enum class health : std::uint8_t { up, failing, down };
std::string_view to_string(health h);

/// What a server allows us.
struct server_limits {
  /// 0 for no limit.
  std::uint64_t bytes_per_second = 0;
  double requests_per_second = 0;
  /// At a time.
  std::size_t requests = 4;
};

/// What a status display shows of a server.
struct server_status {
  /// "https://host:port"
  std::string server;
  health state = health::up;
  /// One line; empty when it never failed.
  std::string last_error;
  std::size_t in_flight = 0;
  std::uint64_t bytes = 0;
  /// Measured while we read; 0 when nothing was yet.
  std::uint64_t bytes_per_second = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
};

/// What is known of the origin servers of a process: how they are, how busy and how fast, and which
/// of a content's mirrors to ask. Decisions only: no clock, no socket.
class origin_board {
public:
  struct settings {
    server_limits usual{};
    /// By "https://host:port"; instead of `usual`.
    std::map<std::string, server_limits> special{};
    /// Waits after failures: the first, doubled each time up to the longest.
    instant first_wait = std::chrono::seconds(1);
    instant longest_wait = std::chrono::seconds(60);
    /// A failure counts no more after so long without another.
    instant forgive_after = std::chrono::minutes(5);
    /// Failures in a row that make a server `down`.
    unsigned down_after = 3;
    /// A server that was never measured counts as so fast, bytes per second.
    std::uint64_t unmeasured = 1U << 20U;
    std::size_t max_servers = limits::servers;
  };
  using number = std::size_t;

  explicit origin_board(settings s) : settings_(std::move(s)) {}

  /// A content's pull begins to use the server; `close` ends that. Fails `overloaded` when the
  /// board is full of servers in use.
  result<number> open(const std::string& server, instant now);
  void close(number n);

  /// Which of `mirrors` (as an index into them) to send a request to now: up before failing before
  /// down, then the one that promises the most bytes per second. Nothing when each waits or is
  /// busy.
  std::optional<std::size_t> choose(std::span<const number> mirrors, instant now);
  /// Whether no mirror can be asked now because each has failed and waits.
  bool all_failing(std::span<const number> mirrors, instant now) const;
  /// Whether a transfer that brings `bytes_per_second` is to be left for another mirror: one that
  /// is up, free and was four times as fast, or was never measured.
  bool better_than(number current, std::uint64_t bytes_per_second, std::span<const number> mirrors,
                   instant now);

  void request_began(number n, instant now);
  void request_ended(number n);
  /// Bytes came; `took`: how long we waited for them.
  void received(number n, std::uint64_t bytes, instant took, instant now);
  /// It delivered what was asked for: earlier failures are forgotten.
  void succeeded(number n);
  /// `random` in [0, 1) cuts the wait, to between half of it and all. `retry_after`: the server's
  /// own wish, which is kept.
  void failed(number n, std::string why, instant now, double random,
              std::optional<instant> retry_after = std::nullopt);
  /// What went wrong but says nothing about the server's health.
  void noted(number n, std::string what) { servers_[n].status.last_error = std::move(what); }

  /// How long not to read from it, so that it keeps its rate.
  instant byte_wait(number n, instant now) { return servers_[n].byte_bucket.wait(now); }
  /// Bytes that one read may take without breaking the rate for more than a moment.
  std::size_t byte_step(number n) const;

  server_status status(number n, instant now) const;
  std::vector<server_status> all(instant now) const;
  std::size_t size() const { return by_name_.size(); }

private:
  struct server {
    server_status status;
    std::size_t users = 0;
    instant last_used{};
    unsigned failures_in_a_row = 0;
    instant last_failure{};
    instant retry_at{};
    server_limits allowed;
    token_bucket byte_bucket{0, 0};
    token_bucket request_bucket{0, 0};
    std::uint64_t sample_bytes = 0;
    instant sample_time{};
    double rate = 0;
  };
  health state_of(const server& s, instant now) const;
  bool waits(const server& s, instant now) const { return s.retry_at > now; }
  double promise_of(const server& s) const;
  bool make_room();

  settings settings_;
  std::vector<server> servers_;
  std::vector<number> free_;
  std::map<std::string, number> by_name_;
};

} // namespace interswarm::origin
