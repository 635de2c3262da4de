#include "actors/overlays/ppsp/tracker_responder.hpp"

#include "actors/overlays/ppsp/tracker_limits.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

tracker_responder::answer text_answer(unsigned status, std::string_view text,
                                      std::string_view type = "text/plain") {
  const auto raw = as_bytes(text);
  return {status, type, {raw.begin(), raw.end()}};
}

std::uint64_t next_random(std::uint64_t& state) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1Dull;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Without parameters ("; charset=utf-8"); types are compared in any case.
bool is_ours(std::string_view content_type) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  const auto same = [&](std::string_view other) {
    return std::equal(type.begin(), type.end(), other.begin(), other.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  };
  return type.empty() || same(tracker_media_type) || same("application/json");
}

tracker_error to_error(admission a) {
  switch (a) {
  case admission::allowed:
  case admission::trusted: return tracker_error::none;
  case admission::authentication_required: return tracker_error::authentication_required;
  case admission::forbidden: break;
  }
  return tracker_error::forbidden_action;
}

template <class Each>
void each_refusal(const tracker_counts& c, Each each) {
  for (std::size_t i = 1; i < c.refused.size(); ++i)
    each(to_string(static_cast<tracker_error>(i)), c.refused[i]);
}

} // namespace

std::string to_json(const tracker_totals& t, const tracker_counts& c) {
  std::string out = "{";
  const auto member = [&](std::string_view name, std::uint64_t n) {
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":" + std::to_string(n);
  };
  member("swarms", t.swarms);
  member("registered", t.registered);
  member("tracking", t.tracking);
  member("memory_bytes", t.memory_bytes);
  member("uploaded_bytes", t.uploaded_bytes);
  member("downloaded_bytes", t.downloaded_bytes);
  member("connects", c.connects);
  member("finds", c.finds);
  member("reports", c.reports);
  member("foreign", c.foreign);
  member("dropped", c.dropped);
  out += ",\"refused\":{";
  each_refusal(c, member);
  return out + "}}\n";
}

std::string to_prometheus(const tracker_totals& t, const tracker_counts& c) {
  std::string out;
  const auto head = [&](const std::string& name, const char* kind, const char* help) {
    out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n";
  };
  const auto single = [&](const std::string& name, const char* kind, const char* help,
                          std::uint64_t n) {
    head(name, kind, help);
    out += name + " " + std::to_string(n) + "\n";
  };
  single("interswarm_ppsp_tracker_swarms", "gauge", "Swarms.", t.swarms);
  single("interswarm_ppsp_tracker_memory_bytes", "gauge", "Memory of the tables.", t.memory_bytes);
  single("interswarm_ppsp_tracker_uploaded_bytes_total", "counter", "Reported by peers.",
         t.uploaded_bytes);
  single("interswarm_ppsp_tracker_downloaded_bytes_total", "counter", "Reported by peers.",
         t.downloaded_bytes);
  head("interswarm_ppsp_tracker_peers", "gauge", "Peers by state.");
  out += "interswarm_ppsp_tracker_peers{state=\"registered\"} " + std::to_string(t.registered) +
         "\ninterswarm_ppsp_tracker_peers{state=\"tracking\"} " + std::to_string(t.tracking) + "\n";
  head("interswarm_ppsp_tracker_requests_total", "counter", "Requests by result.");
  const auto line = [&](std::string_view what, std::uint64_t n) {
    out += "interswarm_ppsp_tracker_requests_total{result=\"" + std::string(what) + "\"} " +
           std::to_string(n) + "\n";
  };
  line("connect", c.connects);
  line("find", c.finds);
  line("stat_report", c.reports);
  each_refusal(c, line);
  line("foreign", c.foreign);
  line("dropped", c.dropped);
  return out;
}

tracker_responder::tracker_responder(tracker_book& book, tracker_responder_options options,
                                     std::uint64_t seed)
    : book_(&book), options_(std::move(options)),
      limiter_(options_.requests_per_address, tracker_limits::rate_slots, seed), random_(seed | 1) {
}

std::optional<endpoint> tracker_responder::client_of(const question& q) const {
  const auto& proxies = options_.proxies;
  if (std::find(proxies.begin(), proxies.end(), q.from.address) == proxies.end()) return q.from;
  // The proxy appends the address it saw itself: only the last entry is not the client's own word.
  const auto last = trimmed(q.forwarded_for.substr(q.forwarded_for.rfind(',') + 1));
  const auto address = ip_address::parse(last);
  return address ? std::optional(endpoint{*address, 0}) : std::nullopt;
}

tracker_responder::answer tracker_responder::foreign(unsigned status, std::string_view text) {
  ++counts_.foreign;
  return text_answer(status, text);
}

tracker_responder::answer tracker_responder::respond(const question& q, std::uint64_t now_ms) {
  const auto client = client_of(q);
  if (!client) return foreign(400, "the proxy sent no usable X-Forwarded-For\n");
  if (!limiter_.admit(client->address, now_ms)) {
    ++counts_.dropped;
    return text_answer(429, "too many requests\n");
  }
  if (q.method == "POST") return post(q, *client, now_ms);
  if (q.method != "GET") return foreign(405, "a PPSP tracker: POST its requests here\n");
  return get(q, q.path.substr(0, q.path.find('?')), client->address);
}

tracker_responder::answer tracker_responder::get(const question&, std::string_view path,
                                                 const ip_address& client) {
  if (options_.stats_for_everybody || client.is_loopback()) {
    if (path == "/stats")
      return text_answer(200, to_json(book_->totals(), counts_), "application/json");
    if (path == "/metrics")
      return text_answer(200, to_prometheus(book_->totals(), counts_), "text/plain; version=0.0.4");
  }
  return foreign(404, "a PPSP tracker: POST its requests here\n");
}

tracker_responder::credentials tracker_responder::check(const tracker_request& r,
                                                        std::string_view authorization) const {
  credentials out;
  if (!options_.admit) return out;
  out.trusted = true;
  const auto ask = [&](std::string_view swarm) {
    const auto id = swarm_bytes(swarm).value_or(bytes{});
    const auto a = options_.admit(authorization, r.peer_id, id);
    out.trusted = out.trusted && a == admission::trusted;
    out.refused.push_back(to_error(a));
  };
  if (const auto* c = std::get_if<connect_request>(&r.body)) {
    for (const auto& a : c->actions) ask(a.swarm_id);
  } else if (const auto* f = std::get_if<find_request>(&r.body)) {
    ask(f->swarm_id);
  } else {
    ask({});
  }
  return out;
}

void tracker_responder::count(const tracker_request& r, tracker_error e) {
  if (e != tracker_error::none)
    ++counts_.refused[static_cast<std::size_t>(e)];
  else
    ++(r.body.index() == 0   ? counts_.connects
       : r.body.index() == 1 ? counts_.finds
                             : counts_.reports);
}

tracker_responder::answer tracker_responder::post(const question& q, const endpoint& client,
                                                  std::uint64_t now_ms) {
  if (!is_ours(q.content_type)) return foreign(415, "application/ppsp-tracker+json is read here\n");
  if (q.body.size() > limits::tracker_request_bytes)
    return foreign(413, "a request has at most 64 KiB\n");
  const auto r = decode_tracker_request(q.body);
  if (!r) {
    ++counts_.refused[static_cast<std::size_t>(r.error().code)];
    return {200, tracker_media_type,
            encode_tracker_response({r.error().transaction_id, r.error().code, std::nullopt, {}})};
  }
  const auto known = check(*r, q.authorization);
  auto out = book_->answer(*r, {client.address, q.local, known.trusted}, known.refused, now_ms,
                           next_random(random_));
  count(*r, out.error);
  if (out.error == tracker_error::none && std::holds_alternative<connect_request>(r->body))
    out.seen = peer_address{client, 1, address_kind::reflexive};
  return {200, tracker_media_type, encode_tracker_response(out)};
}

} // namespace interswarm::ppsp
