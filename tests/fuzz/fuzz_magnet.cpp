#include "schema/bittorrent/magnet.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::bittorrent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto m = parse_magnet(as_text({data, size}));
  if (!m) return 0;
  const auto printed = to_string(*m);
  if (printed.find('\n') != std::string::npos) std::abort();
  const auto again = parse_magnet(printed);
  if (again ? *again != *m : again.error().code != errc::too_large) std::abort();
  return 0;
}
