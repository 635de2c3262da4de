#include "actors/runtime/loop_actor.hpp"

#include "actors/runtime/log.hpp"

#include <kj/exception.h>

namespace interswarm::runtime {

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
