#include "schema/ppsp/tracker_request.hpp"
#include "schema/ppsp/tracker_response.hpp"

#include <cstdlib>

/// What is read is written and read again: it must be the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  const byte_view input{data, size};
  // What is written can be longer than what was read, and a bound of its own is not what is tested.
  if (size > 16384) return 0;
  if (const auto r = ppsp::decode_tracker_request(input)) {
    const auto again = ppsp::decode_tracker_request(ppsp::encode_tracker_request(*r));
    if (!again || *again != *r) std::abort();
  } else if (r.error().code == ppsp::tracker_error::none) {
    std::abort();
  }
  if (const auto r = ppsp::decode_tracker_response(input)) {
    const auto again = ppsp::decode_tracker_response(ppsp::encode_tracker_response(*r));
    if (!again || *again != *r) std::abort();
  }
  return 0;
}
