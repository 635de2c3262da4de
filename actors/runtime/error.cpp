#include "actors/runtime/error.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace interswarm::runtime {

namespace {

constexpr auto category = caf::atom("interswarm");

error from_system(caf::sec code) {
  switch (code) {
  case caf::sec::request_timeout: return {errc::timed_out, "no answer in time"};
  case caf::sec::request_receiver_down:
    return {errc::unavailable, "the actor that was asked has ended"};
  case caf::sec::unexpected_message:
    return {errc::unimplemented, "the actor does not know this request"};
  case caf::sec::invalid_argument: return {errc::unavailable, "there is no actor to ask"};
  default: return {errc::internal, "actor system: " + caf::to_string(code)};
  }
}

error from_exit(caf::exit_reason reason) {
  switch (reason) {
  case caf::exit_reason::user_shutdown:
  case caf::exit_reason::kill: return {errc::cancelled, "stopped"};
  case caf::exit_reason::unhandled_exception: return {errc::internal, "unhandled exception"};
  default: return {errc::unavailable, "ended: " + caf::to_string(reason)};
  }
}

} // namespace

caf::error make_caf_error(errc code, std::string text) {
  return {static_cast<std::uint8_t>(code), category, caf::make_message(std::move(text))};
}

caf::error make_caf_error(const error& e) { return make_caf_error(e.code, e.text); }

error to_error(const caf::error& e) {
  if (e.category() == category) {
    const auto known = e.code() >= static_cast<std::uint8_t>(errc::malformed) &&
                       e.code() <= static_cast<std::uint8_t>(last_errc);
    return {known ? static_cast<errc>(e.code()) : errc::internal,
            e.context().match_elements<std::string>() ? e.context().get_as<std::string>(0)
                                                      : std::string()};
  }
  if (e.category() == caf::atom("system")) return from_system(static_cast<caf::sec>(e.code()));
  if (e.category() == caf::atom("exit")) return from_exit(static_cast<caf::exit_reason>(e.code()));
  return {errc::internal, "error " + std::to_string(e.code())};
}

} // namespace interswarm::runtime
