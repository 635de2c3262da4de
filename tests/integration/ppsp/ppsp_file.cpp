// Serves a file to a PPSPP swarm, or takes one from it: our swarms behind a real port, for the
// second implementation (tests/interop/harness/ppspp.py) to speak with.
//   ppsp_file seed FILE IP:PORT HASH METHOD
//   ppsp_file leech ROOT FILE IP:PORT PEER HASH METHOD
#include "actors/overlays/ppsp/fetching_swarm.hpp"
#include "actors/overlays/ppsp/hub.hpp"
#include "actors/overlays/ppsp/serving_swarm.hpp"
#include "schema/base/encoding.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <kj/async-io.h>
#include <string>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

constexpr std::uint64_t group_chunks = group_tree::group_chunks;

swarm_terms terms_of(const std::string& hash, const std::string& method) {
  swarm_terms out;
  out.hash = hash == "sha1" ? merkle_hash::sha1 : merkle_hash::sha256;
  out.addressing =
      method == "bin32" ? chunk_addressing::bins_32 : chunk_addressing::chunk_ranges_32;
  return out;
}

bytes content_of(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bytes group_of(const bytes& content, std::uint64_t number) {
  const auto from = std::min<std::size_t>(content.size(), number * group_chunks * 1024);
  const auto to = std::min<std::size_t>(content.size(), from + group_chunks * 1024);
  return {content.begin() + static_cast<std::ptrdiff_t>(from),
          content.begin() + static_cast<std::ptrdiff_t>(to)};
}

/// The root: the peaks of the last group, and above them whole groups.
bytes root_of_content(const swarm_terms& t, const bytes& content, const group_tree& tree) {
  std::vector<tree_node> peaks;
  for (const auto& at : peaks_of(tree.chunks())) {
    const auto hash = at.size() >= group_chunks
                          ? tree.node(at)
                          : chunk_group(t.hash, at.begin / group_chunks, 1024,
                                        group_of(content, at.begin / group_chunks))
                                .node(at);
    peaks.push_back({at, hash});
  }
  const auto root = *root_of(t.hash, peaks);
  return {root.view().begin(), root.view().end()};
}

int seed(kj::AsyncIoContext& io, char** words) {
  auto terms = terms_of(words[2], words[3]);
  const auto content = content_of(words[0]);
  const auto chunks = (content.size() + 1023) / 1024;
  std::vector<tree_digest> groups;
  for (std::uint64_t g = 0; g < group_tree::groups_of(chunks); ++g)
    groups.push_back(chunk_group(terms.hash, g, 1024, group_of(content, g)).top());
  const auto tree = std::make_shared<const group_tree>(terms.hash, chunks, groups);
  terms.id = root_of_content(terms, content, *tree);
  auto port = udp_port::open(io.unixEventPort, *endpoint::parse(words[1]));
  if (!port) return std::fprintf(stderr, "%s\n", port.error().text.c_str()), 1;
  hub h(io.provider->getTimer(), std::move(*port));
  hub::seat place(h);
  std::unique_ptr<serving_swarm> swarm;
  swarm = std::make_unique<serving_swarm>(
      terms, tree, place,
      [&](std::uint64_t group) {
        // As an answer of a source: later, never inside the call.
        io.provider->getTimer()
            .afterDelay(0 * kj::SECONDS)
            .then([&, group] {
              swarm->group_read(group, group_of(content, group), h.now());
              place.stir();
            })
            .detach([](kj::Exception&& e) {
              std::fprintf(stderr, "%s\n", e.getDescription().cStr());
              std::exit(1);
            });
      },
      serving_swarm::limits{});
  place.take(*swarm);
  std::printf("%s %s\n", to_hex(terms.id).c_str(), h.listening().to_string().c_str());
  std::fflush(stdout);
  kj::NEVER_DONE.wait(io.waitScope);
}

int leech(kj::AsyncIoContext& io, char** words) {
  auto terms = terms_of(words[4], words[5]);
  terms.id = *from_hex(words[0]);
  auto port = udp_port::open(io.unixEventPort, *endpoint::parse(words[2]));
  if (!port) return std::fprintf(stderr, "%s\n", port.error().text.c_str()), 1;
  hub h(io.provider->getTimer(), std::move(*port));
  hub::seat place(h);
  bytes content;
  std::uint64_t came = 0;
  auto whole = kj::newPromiseAndFulfiller<void>();
  fetching_swarm* self = nullptr;
  fetching_swarm::events e;
  e.took = [&](std::uint64_t chunk, byte_view payload) {
    const auto from = chunk * 1024;
    if (content.size() < from + payload.size()) content.resize(from + payload.size());
    std::copy(payload.begin(), payload.end(), content.begin() + static_cast<std::ptrdiff_t>(from));
    if (++came == self->chunks()) whole.fulfiller->fulfill();
  };
  fetching_swarm swarm(terms, place, e, fetching_swarm::limits{});
  self = &swarm;
  place.take(swarm);
  swarm.want({0, std::uint64_t{1} << 32}, chunk_picker::tier::asked, h.now());
  swarm.dial(*endpoint::parse(words[3]), h.now());
  place.stir();
  auto& timer = io.provider->getTimer();
  timer.timeoutAfter(60 * kj::SECONDS, kj::mv(whole.promise)).wait(io.waitScope);
  swarm.close();
  place.stir();
  std::ofstream(words[1], std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  return 0;
}

} // namespace

int main(int count, char** words) {
  auto io = kj::setupAsyncIo();
  const std::string role = count > 1 ? words[1] : "";
  try {
    if (role == "seed" && count == 6) return seed(io, words + 2);
    if (role == "leech" && count == 8) return leech(io, words + 2);
  } catch (const kj::Exception& e) {
    std::fprintf(stderr, "%s\n", e.getDescription().cStr());
    return 1;
  }
  std::fprintf(stderr, "ppsp_file seed FILE IP:PORT HASH METHOD\n"
                       "ppsp_file leech ROOT FILE IP:PORT PEER HASH METHOD\n");
  return 2;
}
