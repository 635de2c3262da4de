// Runs every file below the given folders through a fuzz target, then each file's every prefix and
// every single-bit flip of its first bytes, so that a corpus is worth more than its own inputs. A
// folder may be missing; a corpus without any file is an error, because a test that reads nothing
// cannot fail.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t max_mutated_prefix = 512;

void run(const std::vector<std::uint8_t>& input) {
  // A copy of the exact size, so that a sanitizer sees a read past the end.
  std::vector<std::uint8_t> exact(input);
  exact.shrink_to_fit();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_with_mutations(const std::vector<std::uint8_t>& input) {
  run(input);
  const auto prefixes = std::min(input.size(), max_mutated_prefix);
  for (std::size_t n = 0; n < prefixes; ++n)
    run({input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n)});
  for (std::size_t n = 0; n < prefixes; ++n) {
    for (int bit = 0; bit < 8; ++bit) {
      auto flipped = input;
      flipped[n] = static_cast<std::uint8_t>(flipped[n] ^ (1u << bit));
      run(flipped);
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      run_with_mutations({std::istreambuf_iterator<char>(in), {}});
      ++files;
    }
  }
  std::printf("replayed %zu files\n", files);
  return files == 0 ? 1 : 0;
}
