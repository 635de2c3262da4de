#include "schema/ed2k/tag.hpp"

#include <cmath>
#include <cstdlib>

/// What was read and written again reads as the same tags, in both forms.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  little_endian_reader in({data, size});
  const auto tags = ed2k::read_tag_list(in);
  if (!tags) return 0;
  for (const auto& t : *tags) {
    const auto* real = std::get_if<float>(&t.value);
    if (real != nullptr && std::isnan(*real)) return 0;
    // A second byte order mark would be cut off at the second reading.
    if (t.text() && t.text()->starts_with("\xEF\xBB\xBF")) return 0;
  }
  for (const auto form : {ed2k::tag_form::classic, ed2k::tag_form::compact}) {
    bytes wire;
    ed2k::write_tag_list(wire, *tags, form);
    little_endian_reader again(wire);
    if (ed2k::read_tag_list(again) != *tags) std::abort();
  }
  return 0;
}
