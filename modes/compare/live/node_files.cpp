#include "modes/compare/live/node_files.hpp"

#include <cmath>
#include <cstdio>
#include <sstream>
#include <utility>

namespace interswarm::compare {

namespace {

/// Writes what a TOML table holds. Names and folders here have no characters that need escapes.
class toml_text {
public:
  toml_text& table(const std::string& name) {
    out_ += (out_.empty() ? "[" : "\n[") + name + "]\n";
    return *this;
  }
  toml_text& tables(const std::string& name) { return table("[" + name + "]"); }
  toml_text& text(const char* key, const std::string& value) {
    return raw(key, "\"" + value + "\"");
  }
  toml_text& texts(const char* key, const std::vector<std::string>& values) {
    std::string all;
    for (const auto& v : values) all += (all.empty() ? "\"" : ", \"") + v + "\"";
    return raw(key, "[" + all + "]");
  }
  toml_text& number(const char* key, double value) {
    std::ostringstream text;
    text.precision(12);
    text << value;
    return raw(key, text.str());
  }
  toml_text& yes(const char* key) { return raw(key, "true"); }
  toml_text& whole(const char* key, std::uint64_t value) { return raw(key, std::to_string(value)); }
  std::string take() { return std::move(out_); }

private:
  toml_text& raw(const char* key, const std::string& value) {
    out_ += std::string(key) + " = " + value + "\n";
    return *this;
  }
  std::string out_;
};

std::string at(const site& s, std::uint16_t port) {
  return s.address.to_string() + ":" + std::to_string(port);
}

void add_node(const site& s, const std::string& listen, const std::string& keys, toml_text& out) {
  out.table("node").text("domain", s.name).text("data", "data").text("log", "info");
  out.text("listen", listen);
  if (!keys.empty()) out.text("keys", keys);
}

void add_face(const plan& p, const lab_plan& lab, const site& s, toml_text& out, double price) {
  const auto& kind = p.overlays[s.overlay].kind;
  const auto tracker = tracker_of(p, lab, s.overlay);
  if (price > 0) out.table(kind).number("price_per_gib", price);
  if (kind == "bittorrent") {
    out.table("bittorrent.registrar").texts("trackers", {tracker});
    out.table("bittorrent.peer").texts("listen", {at(s, torrent_port)});
    // The crowd's clients are two sessions at one address each.
    out.yes("several_connections_per_address");
  } else {
    out.table("ed2k.registrar").texts("servers", {tracker});
    out.table("ed2k.peer").text("listen", at(s, ed2k_port));
  }
}

std::string tracker_file(const plan& p, const site& s) {
  toml_text out;
  add_node(s, "127.0.0.1:" + std::to_string(node_port), {}, out);
  if (p.overlays[s.overlay].kind == "bittorrent") {
    out.table("bittorrent.tracker").texts("listen", {at(s, tracker_port)});
  } else {
    out.table("ed2k.server").text("listen", at(s, ed2k_server_port));
  }
  return out.take();
}

/// What is not as ever.
void add_policy(const bridge::policy& p, toml_text& out) {
  const bridge::policy usual;
  bool begun = false;
  const auto table = [&]() -> toml_text& {
    if (!std::exchange(begun, true)) out.table("bridge");
    return out;
  };
  const auto number = [&](const char* key, double value, double as_ever) {
    if (value != as_ever) table().number(key, value);
  };
  const auto whole = [&](const char* key, std::uint64_t value, std::uint64_t as_ever) {
    if (value != as_ever) table().whole(key, value);
  };
  const auto seconds = [&](const char* key, std::chrono::seconds value,
                           std::chrono::seconds as_ever) {
    whole(key, static_cast<std::uint64_t>(value.count()),
          static_cast<std::uint64_t>(as_ever.count()));
  };
  number("rate_weight", p.rate_weight, usual.rate_weight);
  number("sources_weight", p.sources_weight, usual.sources_weight);
  number("load_weight", p.load_weight, usual.load_weight);
  number("price_weight", p.price_weight, usual.price_weight);
  number("local_weight", p.local_weight, usual.local_weight);
  number("failure_weight", p.failure_weight, usual.failure_weight);
  number("assumed_rate", p.assumed_rate, usual.assumed_rate);
  whole("min_sources", p.min_sources, usual.min_sources);
  whole("enough_sources", p.enough_sources, usual.enough_sources);
  seconds("linger", p.linger, usual.linger);
  seconds("no_progress", p.no_progress, usual.no_progress);
  seconds("first_delivery", p.first_delivery, usual.first_delivery);
  seconds("first_refusal", p.first_refusal, usual.first_refusal);
  seconds("refusal_life", p.refusal_life, usual.refusal_life);
  seconds("keep_fetched", p.keep_fetched, usual.keep_fetched);
  whole("warm_up_bytes", p.warm_up_bytes, usual.warm_up_bytes);
}

std::string bridge_file(const plan& p, const lab_plan& lab, const site& s,
                        const std::string& keys) {
  toml_text out;
  add_node(s, door_of(s), keys, out);
  double price = 0;
  for (const auto& other : lab.sites) {
    if (other.role != site_role::bridge || other.number == s.number) continue;
    out.tables("neighbour").text("domain", other.name);
    // One of each pair dials.
    if (s.number < other.number) out.text("address", door_of(other));
    price = p.path(s.domain, other.domain).price_per_gib;
  }
  add_policy(p.bridge.policy, out);
  add_face(p, lab, s, out, price);
  return out.take();
}

void add_cluster(const plan& p, const lab_plan& lab, const site& s, const char* role,
                 toml_text& out) {
  std::vector<std::string> members, join;
  for (const auto& other : lab.sites) {
    if (other.role != site_role::service && other.role != site_role::storage &&
        other.role != site_role::access)
      continue;
    members.push_back(other.name);
    if (other.role == site_role::service && other.name != s.name)
      join.push_back(other.name + "@" + door_of(other));
  }
  out.table("cluster").texts("roles", {role});
  if (!join.empty()) out.texts("join", join);
  out.texts("members", members).whole("copies", p.soa.copies);
}

std::string soa_file(const plan& p, const lab_plan& lab, const site& s, const std::string& keys) {
  toml_text out;
  add_node(s, door_of(s), keys, out);
  if (s.role == site_role::service) {
    add_cluster(p, lab, s, "service", out);
    out.table("service")
        .texts("publishers", {publisher_name})
        .whole("repair_bytes_per_second",
               static_cast<std::uint64_t>(p.soa.repair_bytes_per_second));
  } else if (s.role == site_role::storage) {
    add_cluster(p, lab, s, "storage", out);
    out.table("storage").text("failure_domain", s.name);
  } else {
    add_cluster(p, lab, s, "access", out);
    out.table("access").whole("cache_bytes", p.soa.cache_bytes);
    add_face(p, lab, s, out, 0);
  }
  return out.take();
}

} // namespace

std::string node_file(const plan& p, const lab_plan& lab, const site& s, const std::string& keys) {
  if (s.role == site_role::tracker) return tracker_file(p, s);
  return s.role == site_role::bridge ? bridge_file(p, lab, s, keys) : soa_file(p, lab, s, keys);
}

const char* mode_of(site_role role) {
  return role == site_role::tracker || role == site_role::bridge ? "bridge" : "soa";
}

std::string tracker_of(const plan& p, const lab_plan& lab, overlay_id overlay) {
  const auto& s = *lab.find(site_role::tracker, overlay);
  return p.overlays[overlay].kind == "bittorrent" ? "udp://" + at(s, tracker_port) + "/announce"
                                                  : at(s, ed2k_server_port);
}

std::string door_of(const site& s) { return at(s, node_port); }

std::uint32_t lines_of(const std::string& file) {
  std::uint32_t out = 0;
  std::istringstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first != std::string::npos && line[first] != '#') ++out;
  }
  return out;
}

} // namespace interswarm::compare
