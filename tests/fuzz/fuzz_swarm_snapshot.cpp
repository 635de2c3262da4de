#include "actors/overlays/bittorrent/swarm_snapshot.hpp"

#include <cstdlib>

/// The check sum would keep nearly every input out: here it is always right.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  bytes whole(data, data + size);
  const auto digest = sha256(whole);
  whole.insert(whole.end(), digest.begin(), digest.end());
  std::vector<bittorrent::saved_swarm> swarms;
  const auto header = bittorrent::read_snapshot(
      whole, [&](const bittorrent::saved_swarm& s) { swarms.push_back(s); });
  if (!header) {
    if (!swarms.empty()) std::abort();
    return 0;
  }
  // What was understood is written and understood alike.
  bytes again;
  bittorrent::snapshot_writer writer(
      *header, [&](byte_view b) { again.insert(again.end(), b.begin(), b.end()); });
  for (const auto& s : swarms) writer.add(s);
  writer.finish();
  std::size_t same = 0;
  const auto second = bittorrent::read_snapshot(again, [&](const bittorrent::saved_swarm& s) {
    if (same >= swarms.size() || !(s == swarms[same++])) std::abort();
  });
  if (!second || same != swarms.size() || second->secret != header->secret) std::abort();
  return 0;
}
