// A trace of requests for `interswarm compare`: what is accepted has nothing out of range.
#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/trace.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm::compare;
  const auto t = parse_trace({reinterpret_cast<const char*>(data), size}, "f.csv");
  if (!t) return 0;
  if (t->overlays.size() > limits::overlays) std::abort();
  for (const auto& r : t->rows) {
    if (!(r.at >= 0 && r.at <= limits::duration) || r.overlay >= t->overlays.size()) std::abort();
  }
  return 0;
}
