// The unified message between bridges, as its bytes come from another node: whatever is accepted is
// the same after another crossing.
#include "schema/bridge.values.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  const auto message = msg::decode<msg::message>({data, size});
  if (!message) return 0;
  const auto again = msg::decode<msg::message>(msg::encode(*message));
  // A NaN differs from itself; nothing else may change.
  if (!again || msg::encode(*again) != msg::encode(*message)) std::abort();
  return 0;
}
