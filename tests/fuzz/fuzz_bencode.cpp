#include "schema/bittorrent/bencode.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

/// Writes what was read: canonical input must come out as it went in.
void rewrite(const bencode::value& v, bencode::writer& w) {
  if (const auto n = v.integer()) {
    w.integer(*n);
  } else if (const auto s = v.string()) {
    w.string(*s);
  } else if (v.is_list()) {
    w.begin_list();
    for (const auto& item : v.items()) rewrite(item, w);
    w.end();
  } else {
    // Keys may stand unsorted in the input: keep the value's own bytes then.
    w.raw(v.raw());
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view input{data, size};
  const auto doc = bencode::decode(input);
  if (!doc) return 0;
  bytes again;
  bencode::writer w(again);
  rewrite(doc->root(), w);
  if (!equal(again, input)) std::abort();
  for (const auto& [key, item] : doc->root().entries()) {
    if (!doc->root().find(key)) std::abort();
    if (item.raw().empty()) std::abort();
  }
  return 0;
}
