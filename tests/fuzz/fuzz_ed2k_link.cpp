// A link that parses prints as one that parses to the same value.
#include "schema/ed2k/link.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  const auto parsed = ed2k::parse_link(as_text({data, size}));
  if (!parsed) return 0;
  const auto text = std::visit([](const auto& l) { return to_string(l); }, *parsed);
  if (ed2k::parse_link(text) != parsed) std::abort();
  return 0;
}
