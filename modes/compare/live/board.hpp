#pragma once

#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <atomic>
#include <memory>
#include <span>

namespace interswarm::compare {

enum class request_state : std::uint8_t { waiting, running, satisfied, failed };

/// How one request stands, written by the process with its peer. Times are seconds since the start.
struct request_slot {
  std::atomic<request_state> state{request_state::waiting};
  std::atomic<double> first_byte{never};
  std::atomic<double> finished{never};
  /// Verified bytes that are there.
  std::atomic<std::uint64_t> received{0};
  std::atomic<double> startup_delay{never};
  std::atomic<double> stalled_s{0};
  std::atomic<std::uint32_t> stalls{0};
};

/// One line, see line_queue.hpp.
struct line_slot {
  /// Of its rate; 0 cuts it.
  std::atomic<double> factor{1};
  std::atomic<std::uint64_t> lost_packets{0};
};

/// Memory that the processes of one run share. Whoever forks later has it too.
class board {
public:
  /// Fails `io`.
  static result<board> make(std::size_t requests, std::size_t lines);

  std::span<request_slot> requests() const { return requests_; }
  std::span<line_slot> lines() const { return lines_; }

  /// Starts the clock that all times of the run are told by.
  void start() const { head_->started_ns = monotonic_ns(); }
  bool started() const { return head_->started_ns != 0; }
  /// Seconds since then; not before it.
  moment now() const {
    return static_cast<double>(monotonic_ns() - head_->started_ns.load()) * 1e-9;
  }

  std::atomic<std::uint32_t>& ready_peers() const { return head_->ready_peers; }
  /// Deliveries whose bytes were not the content's.
  std::atomic<std::uint32_t>& wrong_deliveries() const { return head_->wrong_deliveries; }
  /// The first line about what went wrong stays.
  void complain(const std::string& line) const;
  std::string complaint() const;

  static std::int64_t monotonic_ns();

private:
  struct head {
    std::atomic<std::int64_t> started_ns{0};
    std::atomic<std::uint32_t> ready_peers{0};
    std::atomic<std::uint32_t> wrong_deliveries{0};
    std::atomic<bool> complaining{false};
    std::atomic<bool> complained{false};
    char complaint[400] = {};
  };

  std::shared_ptr<void> memory_;
  head* head_ = nullptr;
  std::span<request_slot> requests_;
  std::span<line_slot> lines_;
};

} // namespace interswarm::compare
