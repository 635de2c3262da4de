// Requests a second of the PPSP tracker on one core, without sockets, and its memory for each peer.
// Beside it, in the same run and over the same bodies, what the JSON alone costs: nlohmann's parse
// of the request, and of the answer its dump.
//   ppsp_tracker_bench [peers] [rounds]      default: 100000 5
//
// Peers are spread over swarms of 100, each behind its own address; a quarter are seeders.
#include "actors/overlays/ppsp/tracker_responder.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

using namespace interswarm;
using namespace interswarm::ppsp;
using steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t peers_per_swarm = 100;
constexpr std::uint64_t now_ms = 3'600'000;

double seconds_since(steady::time_point begun) {
  return std::chrono::duration<double>(steady::now() - begun).count();
}

std::uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

struct party {
  explicit party(std::size_t i)
      : id("-IS0100-" + std::to_string(100'000'000'000 + i)),
        at{ip_address::v4(0x0B000000u + static_cast<std::uint32_t>(i)), 7001}, seeder(i % 4 == 0) {
    bytes raw(32, 0x5A);
    const auto n = i / peers_per_swarm;
    for (std::size_t b = 0; b < 8; ++b) raw[b] = static_cast<byte>(n >> (8 * b));
    swarm = swarm_text(raw);
  }
  std::string id;
  endpoint at;
  bool seeder;
  std::string swarm;
};

enum class kind { connect, find, report };

bytes body_of(const party& p, kind k, std::size_t round) {
  tracker_request r{std::to_string(round * 1'000'000), p.id, stat_report{}};
  if (k == kind::connect) {
    r.body = connect_request{peer_num{}, {{p.at}}, {{p.swarm, true, p.seeder}}};
  } else if (k == kind::find) {
    r.body = find_request{p.swarm, peer_num{}};
  } else {
    r.body = stat_report{{{p.swarm, 1000 * round, 2000 * round, 1'000'000, 5}}};
  }
  return encode_tracker_request(r);
}

struct sample {
  double ours_per_s = 0;
  double json_per_s = 0;
  double answer_bytes = 0;
};

/// Each peer asks once; then the same bodies are parsed, and the same answers dumped.
sample run(tracker_responder& tracker, const std::vector<party>& parties, kind k,
           std::size_t round) {
  std::vector<bytes> bodies;
  for (const auto& p : parties) bodies.push_back(body_of(p, k, round));
  std::vector<bytes> answers(parties.size());
  auto begun = steady::now();
  for (std::size_t i = 0; i < parties.size(); ++i) {
    tracker_responder::question q;
    q.method = "POST";
    q.content_type = tracker_media_type;
    q.body = bodies[i];
    q.from = parties[i].at;
    answers[i] = tracker.respond(q, now_ms + round).body;
  }
  const auto ours_s = seconds_since(begun);
  std::size_t total = 0;
  for (const auto& a : answers) {
    total += a.size();
    if (as_text(a).find("\"error_code\":\"00\"") == std::string_view::npos) {
      std::fprintf(stderr, "refused: %s\n", std::string(as_text(a)).c_str());
      std::exit(1);
    }
  }
  // What the answers are made of must be there before they can be dumped; that is not counted.
  std::vector<nlohmann::json> trees;
  double json_s = 0;
  std::size_t dumped = 0;
  for (std::size_t at = 0; at < parties.size(); at += 1000) {
    const auto end = std::min(at + 1000, parties.size());
    trees.clear();
    for (auto i = at; i < end; ++i)
      trees.push_back(nlohmann::json::parse(answers[i].begin(), answers[i].end()));
    begun = steady::now();
    for (auto i = at; i < end; ++i) {
      const auto in = nlohmann::json::parse(bodies[i].begin(), bodies[i].end(), nullptr, false);
      dumped += in.size() + trees[i - at].dump().size();
    }
    json_s += seconds_since(begun);
  }
  if (dumped < total) std::exit(1);
  const auto n = static_cast<double>(parties.size());
  return {n / ours_s, n / json_s, static_cast<double>(total) / n};
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

void print(const char* what, const std::vector<sample>& samples) {
  std::vector<double> ours;
  std::vector<double> json;
  std::vector<double> ratio;
  for (const auto& s : samples) {
    ours.push_back(s.ours_per_s);
    json.push_back(s.json_per_s);
    ratio.push_back(s.ours_per_s / s.json_per_s);
  }
  std::printf("%-12s tracker %8.0f/s  JSON alone %8.0f/s  ratio %.2f (%.2f…%.2f)  %.0f bytes an "
              "answer\n",
              what, median(ours), median(json), median(ratio),
              *std::min_element(ratio.begin(), ratio.end()),
              *std::max_element(ratio.begin(), ratio.end()), samples.back().answer_bytes);
}

} // namespace

int main(int argc, char** argv) {
  const auto count = argc > 1 ? static_cast<std::size_t>(std::atol(argv[1])) : 100'000;
  const auto rounds = argc > 2 ? static_cast<std::size_t>(std::atol(argv[2])) : 5;
  std::vector<party> parties;
  for (std::size_t i = 0; i < count; ++i) parties.emplace_back(i);
  std::vector<sample> connects;
  std::vector<sample> finds;
  std::vector<sample> reports;
  std::printf("%zu peers in swarms of %zu, %zu rounds, one core\n", count, peers_per_swarm, rounds);
  tracker_book_options o;
  o.max_peers = count;
  {
    // First of all, before freed memory of the rounds could hide what the tables take.
    tracker_book book(o, {}, {1, 2});
    tracker_responder tracker(book, {}, 7);
    const auto before = resident_bytes();
    for (const auto& p : parties) {
      tracker_responder::question q;
      q.method = "POST";
      const auto body = body_of(p, kind::connect, 1);
      q.body = body;
      q.from = p.at;
      tracker.respond(q, now_ms);
    }
    const auto n = static_cast<double>(count);
    std::printf("memory: %.0f bytes a peer resident, %.0f by the tracker's own count\n",
                static_cast<double>(resident_bytes() - before) / n,
                static_cast<double>(book.totals().memory_bytes) / n);
  }
  for (std::size_t round = 1; round <= rounds; ++round) {
    tracker_book book(o, {}, {1, 2});
    tracker_responder tracker(book, {}, 7);
    connects.push_back(run(tracker, parties, kind::connect, round));
    finds.push_back(run(tracker, parties, kind::find, round));
    reports.push_back(run(tracker, parties, kind::report, round));
  }
  print("CONNECT", connects);
  print("FIND", finds);
  print("STAT_REPORT", reports);
  std::printf("repeat with: ppsp_tracker_bench %zu %zu\n", count, rounds);
  return 0;
}
