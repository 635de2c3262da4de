#include "actors/overlays/bittorrent/http_responder.hpp"

#include "schema/bittorrent/http_tracker.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

namespace {

http_responder::answer text_answer(unsigned status, std::string_view text,
                                   const char* type = "text/plain") {
  const auto raw = as_bytes(text);
  return {status, type, {raw.begin(), raw.end()}};
}

std::uint64_t next_random(std::uint64_t& state) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1Dull;
}

std::string side_json(const tracker_stats::side& s) {
  return "{\"connects\":" + std::to_string(s.connects) +
         ",\"announces\":" + std::to_string(s.announces) +
         ",\"scrapes\":" + std::to_string(s.scrapes) + ",\"refused\":" + std::to_string(s.refused) +
         ",\"dropped\":" + std::to_string(s.dropped) + "}";
}

void add_side(std::string& out, const char* side, const tracker_stats::side& s) {
  const auto line = [&](const char* what, std::uint64_t n) {
    out += std::string("interswarm_tracker_requests_total{transport=\"") + side + "\",result=\"" +
           what + "\"} " + std::to_string(n) + "\n";
  };
  line("connect", s.connects);
  line("announce", s.announces);
  line("scrape", s.scrapes);
  line("refused", s.refused);
  line("dropped", s.dropped);
}

} // namespace

std::string to_json(const tracker_stats& s) {
  return "{\"swarms\":" + std::to_string(s.swarms.swarms) +
         ",\"peers\":" + std::to_string(s.swarms.peers) +
         ",\"memory_bytes\":" + std::to_string(s.swarms.memory_bytes) +
         ",\"udp\":" + side_json(s.udp) + ",\"http\":" + side_json(s.http) + "}\n";
}

std::string to_prometheus(const tracker_stats& s) {
  std::string out;
  const auto gauge = [&](const char* name, const char* help, std::uint64_t n) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " gauge\n" + name +
           " " + std::to_string(n) + "\n";
  };
  gauge("interswarm_tracker_swarms", "Swarms with at least one peer.", s.swarms.swarms);
  gauge("interswarm_tracker_peers", "Peers of all swarms.", s.swarms.peers);
  gauge("interswarm_tracker_memory_bytes", "Memory of the swarm tables.", s.swarms.memory_bytes);
  out += "# HELP interswarm_tracker_requests_total Requests of clients by result.\n"
         "# TYPE interswarm_tracker_requests_total counter\n";
  add_side(out, "udp", s.udp);
  add_side(out, "http", s.http);
  return out;
}

http_responder::http_responder(swarm_store& store, const tracker_options& options,
                               std::uint64_t seed)
    : store_(&store), options_(options),
      limiter_(options.http_requests_per_address, tracker_limits::rate_slots, seed),
      random_(seed | 1), peers_(6 * std::size_t{options.swarms.max_want}),
      peers6_(18 * std::size_t{options.swarms.max_want}) {}

std::optional<ip_address> http_responder::client_of(const question& q) const {
  const auto& proxies = options_.http_proxies;
  if (std::find(proxies.begin(), proxies.end(), q.from) == proxies.end()) return q.from;
  // The proxy appends the address it saw itself: only the last entry is not the client's own word.
  auto last = q.forwarded_for.substr(q.forwarded_for.rfind(',') + 1);
  while (!last.empty() && last.front() == ' ') last.remove_prefix(1);
  while (!last.empty() && last.back() == ' ') last.remove_suffix(1);
  return ip_address::parse(last);
}

tracker_stats::side http_responder::count() const {
  return {0, counters_.announces.load(), counters_.scrapes.load(), counters_.refused.load(),
          counters_.dropped.load()};
}

http_responder::answer http_responder::refuse(std::string_view reason, bool for_good) {
  tracker_counters::add(counters_.refused);
  tracker_failure f{std::string(reason), std::nullopt, for_good && options_.retry_minutes == 0};
  if (!f.never) f.retry_minutes = for_good ? options_.retry_minutes : 1;
  return {200, "text/plain", http_tracker::encode_failure(f)};
}

http_responder::answer http_responder::respond(const question& q, std::uint64_t now_ms,
                                               const tracker_stats::side& udp) {
  if (!q.is_get) return text_answer(405, "only GET is served here\n");
  const auto client = client_of(q);
  if (!client) return text_answer(400, "the proxy sent no usable X-Forwarded-For\n");
  if (!limiter_.admit(*client, now_ms)) {
    tracker_counters::add(counters_.dropped);
    return text_answer(429, "too many requests\n");
  }
  const auto mark = q.url.find('?');
  const auto path = q.url.substr(0, mark);
  const auto query = mark == q.url.npos ? std::string_view{} : q.url.substr(mark + 1);
  if (path == "/announce") return announce(query, q, *client, now_ms);
  if (path == "/scrape") return scrape(query);
  const bool may_see = options_.stats_for_everybody || client->is_loopback();
  if (may_see && path == "/stats")
    return text_answer(200, to_json({store_->totals(), udp, count()}), "application/json");
  if (may_see && path == "/metrics")
    return text_answer(200, to_prometheus({store_->totals(), udp, count()}),
                       "text/plain; version=0.0.4");
  return text_answer(404, "a BitTorrent tracker: /announce and /scrape\n");
}

http_responder::answer http_responder::announce(std::string_view query, const question& q,
                                                const ip_address& client, std::uint64_t now_ms) {
  const auto r = http_tracker::decode_announce_query(query);
  if (!r) return refuse(r.error().text, true);
  const auto a =
      store_->announce(*r, {client, false, q.local}, now_ms, next_random(random_), peers_, peers6_);
  if (a.what != swarm_store::verdict::accepted)
    return refuse(refusal_text(a.what), a.what == swarm_store::verdict::not_listed ||
                                            a.what == swarm_store::verdict::denied);
  tracker_counters::add(counters_.announces);
  http_tracker::announce_answer out;
  out.interval_s = a.interval_s;
  out.min_interval_s = std::min(a.interval_s, options_.swarms.min_interval_s);
  out.seeders = a.seeders;
  out.leechers = a.leechers;
  out.completed = a.completed;
  out.peers = byte_view(peers_).first(a.peers_bytes);
  out.peers6 = byte_view(peers6_).first(a.peers6_bytes);
  out.external_address = client;
  return {200, "text/plain", http_tracker::encode_announce_answer(out)};
}

http_responder::answer http_responder::scrape(std::string_view query) {
  const auto names = http_tracker::decode_scrape_query(query);
  if (!names) return refuse(names.error().text, true);
  if (names->empty()) return refuse("a scrape must name its info_hash", true);
  std::vector<scrape_entry> entries;
  for (const auto& name : *names) entries.push_back(store_->scrape(name));
  tracker_counters::add(counters_.scrapes);
  return {200, "text/plain",
          http_tracker::encode_scrape_answer(std::move(entries), options_.scrape_interval_s)};
}

} // namespace interswarm::bittorrent
