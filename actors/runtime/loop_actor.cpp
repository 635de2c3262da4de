#include "actors/runtime/loop_actor.hpp"

#include "actors/runtime/log.hpp"

#include <kj/exception.h>

namespace interswarm::runtime {

namespace {

/// Time-outs are kept to this.
constexpr auto check_interval = 5 * kj::MILLISECONDS;

} // namespace

void loop_bound::expect_answer(caf::message_id response, std::chrono::nanoseconds limit) {
  const auto deadline = home_->timer().now() + limit.count() * kj::NANOSECONDS;
  if (expected_.size() >= forget_at_) forget_answered();
  expected_.push_back({deadline, response});
  KJ_IF_MAYBE (next, next_check_) {
    if (*next <= deadline) return;
  }
  next_check_ = deadline;
  check_ = on_loop<kj::Promise<void>>(*home_, watch().eagerlyEvaluate(nullptr));
}

kj::Promise<void> loop_bound::watch() {
  KJ_IF_MAYBE (next, next_check_) {
    return home_->timer().atTime(*next).then([this] {
      expire();
      return watch();
    });
  }
  return kj::READY_NOW;
}

void loop_bound::expire() {
  const auto now = home_->timer().now();
  forget_answered();
  next_check_ = nullptr;
  std::vector<caf::message_id> late;
  std::erase_if(expected_, [&](const expectation& e) {
    if (e.deadline <= now) late.push_back(e.response);
    return e.deadline <= now;
  });
  for (const auto& e : expected_) {
    const auto at = kj::max(e.deadline, now + check_interval);
    next_check_ = kj::min(at, next_check_.orDefault(at));
  }
  for (const auto response : late) give_up(response);
}

void loop_bound::forget_answered() {
  std::erase_if(expected_, [this](const expectation& e) { return !waits_for(e.response); });
  forget_at_ = std::max<std::size_t>(64, expected_.size() * 2);
}

caf::error on_handler_exception(const char* actor_name, std::exception_ptr& e) {
  std::string what = "unknown exception";
  try {
    std::rethrow_exception(e);
  } catch (const kj::Exception& kj_exception) {
    what = kj_exception.getDescription().cStr();
  } catch (const std::exception& std_exception) {
    what = std_exception.what();
  } catch (...) { // NOLINT(bugprone-empty-catch): `what` says it
  }
  log().error("actor {} failed: {}", actor_name, what);
  return make_caf_error(errc::internal, std::string(actor_name) + ": " + what);
}

caf::result<caf::message> on_unknown_message(const char* actor_name, caf::message_view&) {
  log().warn("actor {} got a message that it does not know", actor_name);
  return make_caf_error(errc::unimplemented,
                        std::string(actor_name) + " does not know this request");
}

} // namespace interswarm::runtime
