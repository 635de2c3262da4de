#pragma once

#include "actors/runtime/on_loop.hpp"

#include <kj/async.h>

namespace interswarm::http {

/// A right to a content that may end while the content is on its way: then its connection is cut.
/// Made, used and ended on one loop; dropped on any thread.
class content_right {
public:
  explicit content_right(runtime::loop& home) : ways_(home, std::in_place) {}

  bool ended() const { return ended_; }
  void end();
  /// Rejected when the right ends. Whoever waits keeps this object meanwhile.
  kj::Promise<void> when_ended() const { return ways_->ended.addBranch(); }

private:
  struct ways {
    ways() : ways(kj::newPromiseAndFulfiller<void>()) {}
    explicit ways(kj::PromiseFulfillerPair<void> paf)
        : end(kj::mv(paf.fulfiller)), ended(paf.promise.fork()) {}
    kj::Own<kj::PromiseFulfiller<void>> end;
    kj::ForkedPromise<void> ended;
  };

  bool ended_ = false;
  runtime::on_loop<ways> ways_;
};

} // namespace interswarm::http
