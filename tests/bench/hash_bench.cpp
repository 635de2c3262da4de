// All names of a file in one pass, beside what the bare hash functions reach on the same cores over
// the same bytes.
//
//   hash_bench [SIZE_MIB] [RUNS] [FOLDER]      default: 2048 5 /var/tmp
//
// "Bare" is the time of each hash function alone, called the plain way (OpenSSL's EVP, whole
// buffer, no units, no tree), all cores busy with their own share of the bytes, summed over the
// functions that the names need. So the work for tree nodes, the short messages of the trees,
// reading the file and every wait count against us.
#include "storage/content_hasher.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <random>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace interswarm;

namespace {

constexpr std::uint64_t piece_length = std::uint64_t{4} << 20;

struct cost {
  double wall = 0;
  double cpu = 0; // user and system time of all threads: what counts while others use the machine
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto both = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return both(used.ru_utime) + both(used.ru_stime);
}

cost cost_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  const auto cpu = cpu_seconds();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return {wall.count(), cpu_seconds() - cpu};
}

struct sample {
  std::vector<double> values;
  double median() const {
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
  double low() const { return *std::min_element(values.begin(), values.end()); }
  double high() const { return *std::max_element(values.begin(), values.end()); }
};

struct bare_function {
  const char* name;
  hash_algorithm algorithm;
  int times; // names that need this function over every byte
};

// SHA-1: whole file, v1 pieces, AICH, PPSPP. SHA-256: whole file, BEP 52, PPSPP.
constexpr bare_function functions[] = {
    {"md4", hash_algorithm::md4, 1},
    {"md5", hash_algorithm::md5, 1},
    {"sha1", hash_algorithm::sha1, 4},
    {"sha256", hash_algorithm::sha256, 3},
};

cost bare(hash_algorithm a, byte_view buffer, std::uint64_t total, unsigned cores) {
  return cost_of([&] {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < cores; ++i) {
      threads.emplace_back([=] {
        hasher h(a);
        for (std::uint64_t done = 0; done < total / cores; done += buffer.size()) h.update(buffer);
        h.finish();
      });
    }
    for (auto& t : threads) t.join();
  });
}

} // namespace

int main(int argc, char** argv) {
  const auto mib = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048;
  const auto runs = argc > 2 ? std::atoi(argv[2]) : 5;
  const std::string folder = argc > 3 ? argv[3] : "/var/tmp";
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  if (mib == 0 || runs <= 0) {
    std::fprintf(stderr, "usage: hash_bench [SIZE_MIB] [RUNS] [FOLDER]\n");
    return 2;
  }
  bytes buffer(std::size_t{1} << 20);
  std::mt19937_64 random(42);
  const auto path = folder + "/interswarm-hash-bench-" + std::to_string(::getpid());
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  for (unsigned long long i = 0; fd >= 0 && i < mib; ++i) {
    for (auto& b : buffer) b = static_cast<byte>(random());
    if (::write(fd, buffer.data(), buffer.size()) != static_cast<ssize_t>(buffer.size())) break;
  }
  if (fd < 0 || ::lseek(fd, 0, SEEK_CUR) != static_cast<off_t>(mib << 20)) {
    std::perror(path.c_str());
    ::unlink(path.c_str());
    return 1;
  }
  ::close(fd);

  hash_plan plan;
  plan.v1_piece_lengths = {piece_length};
  const auto total = static_cast<std::uint64_t>(mib) << 20;
  if (!hash_file(path, plan)) return 1; // warms the page cache
  sample all, ratio, cpu_ratio;
  std::vector<sample> each(std::size(functions));
  bool complete = true;
  // Interleaved, so that a machine that slows down slows both.
  for (int run = 0; run < runs; ++run) {
    cost sum;
    for (std::size_t f = 0; f < std::size(functions); ++f) {
      const auto took = bare(functions[f].algorithm, buffer, total, cores);
      each[f].values.push_back(took.wall);
      sum.wall += took.wall * functions[f].times;
      sum.cpu += took.cpu * functions[f].times;
    }
    const auto took = cost_of([&] {
      const auto h = hash_file(path, plan);
      complete = complete && h && h->md5 && h->content_id && h->ppspp_sha256 && h->size == total;
    });
    all.values.push_back(took.wall);
    ratio.values.push_back(sum.wall / took.wall);
    cpu_ratio.values.push_back(sum.cpu / took.cpu);
  }
  ::unlink(path.c_str());

  const auto gib = static_cast<double>(mib) / 1024;
  std::printf("%.2f GiB, %u cores, %d runs; median [lowest .. highest]\n", gib, cores, runs);
  for (std::size_t f = 0; f < std::size(functions); ++f) {
    std::printf("  bare %-7s x%d  %7.3f s [%.3f .. %.3f]  %.2f GiB/s\n", functions[f].name,
                functions[f].times, each[f].median(), each[f].low(), each[f].high(),
                gib / each[f].median());
  }
  std::printf("  all names       %7.3f s [%.3f .. %.3f]  %.2f GiB/s\n", all.median(), all.low(),
              all.high(), gib / all.median());
  std::printf("  all names / bare functions summed: %.3f [%.3f .. %.3f], aim >= 0.85\n",
              ratio.median(), ratio.low(), ratio.high());
  std::printf("  the same in processor time:        %.3f [%.3f .. %.3f]\n", cpu_ratio.median(),
              cpu_ratio.low(), cpu_ratio.high());
  std::printf("  again: %s %llu %d %s\n", argv[0], mib, runs, folder.c_str());
  return complete ? 0 : 1;
}
