// The file of `interswarm compare`: what is accepted can be expanded, and drawn if it is small.
#include "modes/compare/experiment/draw.hpp"
#include "modes/compare/experiment/experiment_file.hpp"

#include <algorithm>
#include <cstdlib>

using namespace interswarm::compare;

namespace {

double size_of(const experiment& e) {
  double out = e.content_count();
  out += static_cast<double>(e.contents.count) * e.contents.seeders;
  for (const auto& o : e.overlays) {
    out += o.peers.count * (1 + e.duration / 10);
    out += o.peers.count * o.demand.requests_per_hour * e.duration / 3600;
  }
  return out;
}

void check(const experiment& e) {
  const auto p = draw(e, e.seeds.front());
  if (!p) return;
  for (const auto& r : p->requests) {
    if (r.peer >= p->peers.size() || r.content >= p->contents.size() || !(r.at >= 0) ||
        !(r.at < p->duration))
      std::abort();
  }
  for (const auto& peer : p->peers) {
    moment after = 0;
    for (const auto& i : peer.online) {
      if (!(i.begin >= after) || !(i.end > i.begin)) std::abort();
      after = i.end;
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto e = parse_experiment({"f.toml", {reinterpret_cast<const char*>(data), size}, {}});
  if (!e) {
    if (e.error().text.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  if (size_of(*e) < 1e5) check(*e);
  const auto variants = expand(*e);
  if (!variants) return 0;
  if (variants->empty()) std::abort();
  if (variants->size() == 1 && e->content_count() != variants->front().what.content_count())
    std::abort();
  return 0;
}
