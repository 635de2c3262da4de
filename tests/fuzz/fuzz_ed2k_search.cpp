// An expression that parses is written back as one that parses to the same, and matching it is
// bounded.
#include "schema/ed2k/search.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  little_endian_reader in({data, size});
  const auto parsed = ed2k::read_search(in);
  if (!parsed) return 0;
  bytes wire;
  ed2k::write_search(wire, *parsed);
  little_endian_reader again(wire);
  if (ed2k::read_search(again) != parsed || !again.done()) std::abort();
  const ed2k::search_matcher matcher(*parsed);
  std::vector<std::string> words{"a", "foo", "mpeg", "p1945"};
  ed2k::search_subject subject;
  subject.words = &words;
  subject.size = 1000;
  const auto candidates = matcher.candidates();
  if (matcher.matches(subject) && candidates && candidates->empty()) std::abort();
  return 0;
}
