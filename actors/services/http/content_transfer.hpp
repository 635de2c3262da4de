#pragma once

#include "actors/services/http/admission.hpp"
#include "actors/services/http/body_window.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <functional>
#include <kj/async-io.h>
#include <kj/timer.h>
#include <memory>

namespace interswarm::http {

/// Brings one answer's body from a source to a client: reads ahead within a window, and no further
/// while the client does not take what is there. On a loop.
class content_transfer : public std::enable_shared_from_this<content_transfer> {
public:
  /// Reads a range within a time; calls back on the loop.
  using reader = std::function<void(const body_window::read&, std::chrono::milliseconds,
                                    std::function<void(result<slice>)>)>;

  struct limits_of_time {
    std::chrono::milliseconds first_bytes;
    std::chrono::milliseconds later_reads;
  };

  content_transfer(kj::Timer& timer, reader read, std::vector<body_part> parts,
                   limits_of_time times, pacer& pace, std::function<void(std::uint64_t)> sent);

  /// Reads until the first bytes of the content are there, or cannot be had.
  kj::Promise<result<void>> first_bytes();
  /// All of it. Throws when the source fails: what was written up to there is right, and the rest
  /// must not be made up. The caller keeps this object and `out` alive.
  kj::Promise<void> write_to(kj::AsyncOutputStream& out);

private:
  void fill();
  void arrived(std::uint64_t id, result<slice> got);
  kj::Promise<void> wait();
  kj::Promise<void> write_step(kj::AsyncOutputStream& out);

  kj::Timer& timer_;
  reader read_;
  body_window window_;
  limits_of_time times_;
  pacer& pace_;
  std::function<void(std::uint64_t)> sent_;
  std::optional<std::uint64_t> first_read_;
  bool begun_ = false;
  std::optional<error> failure_;
  kj::Own<kj::PromiseFulfiller<void>> waiting_;
  body_window::output out_;
  std::vector<kj::ArrayPtr<const kj::byte>> views_;
};

} // namespace interswarm::http
