#include "modes/print_soa.hpp"

#include "modes/print.hpp"
#include "schema/base/encoding.hpp"
#include "storage/keeping_table.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

namespace interswarm {

namespace {

std::string roles_of(const msg::member& m) {
  std::string out;
  for (const auto role : m.roles)
    out += (out.empty() ? "" : " ") + std::string(msg::to_string(role));
  return out;
}

std::string utc_day(std::int64_t unix_s) {
  if (unix_s == 0) return "never";
  const auto seconds = static_cast<std::time_t>(unix_s);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

nlohmann::json repair_json(const msg::repair_work& r) {
  return {{"running", r.running},
          {"passes", r.passes},
          {"contents", r.contents},
          {"chunks", r.chunks},
          {"missing_copies", r.missing_copies},
          {"made_copies", r.made_copies},
          {"moved_bytes", r.moved_bytes},
          {"removed_copies", r.removed_copies},
          {"lost_chunks", r.lost_chunks},
          {"note", printable(r.note)}};
}

} // namespace

nlohmann::json to_json(const msg::cluster_state& state) {
  nlohmann::json out{{"leader", printable(state.leader)},
                     {"copies", state.copies},
                     {"repair", repair_json(state.repair)}};
  auto& members = out["members"] = nlohmann::json::array();
  for (const auto& m : state.members) {
    nlohmann::json roles = nlohmann::json::array();
    for (const auto role : m.roles) roles.push_back(std::string(msg::to_string(role)));
    nlohmann::json doors = nlohmann::json::array();
    for (const auto& d : m.doors)
      doors.push_back({{"overlay", printable(d.overlay)},
                       {"kind", printable(d.kind)},
                       {"address", printable(d.address)}});
    members.push_back({{"id", printable(m.id)},
                       {"address", printable(m.address)},
                       {"roles", roles},
                       {"doors", doors}});
  }
  auto& nodes = out["storage"] = nlohmann::json::array();
  for (const auto& s : state.storage) {
    nodes.push_back({{"id", printable(s.state.id)},
                     {"failure_domain", printable(s.state.domain)},
                     {"presence", std::string(msg::to_string(s.presence))},
                     {"chunks", s.state.chunks},
                     {"used_bytes", s.state.used_bytes},
                     {"quota_bytes", s.state.quota_bytes},
                     {"bad_chunks", s.state.bad_chunks},
                     {"oldest_check", s.state.oldest_check}});
  }
  return out;
}

nlohmann::json to_json(const msg::publication& p) {
  nlohmann::json properties = nlohmann::json::array();
  for (const auto& x : p.properties) properties.push_back({printable(x.key), printable(x.value)});
  return {{"content", to_hex(p.content_id)},       {"size", p.size},
          {"tenant", printable(p.tenant)},         {"title", printable(p.title, 4096)},
          {"media_type", printable(p.media_type)}, {"properties", properties},
          {"series", printable(p.series, 4096)},   {"open", p.open},
          {"published_at", p.published_at},        {"expires", p.expires}};
}

std::string to_text(const msg::cluster_state& state) {
  std::vector<std::vector<std::string>> members{{"member", "roles", "address"}};
  for (const auto& m : state.members)
    members.push_back({printable(m.id), roles_of(m), printable(m.address)});
  auto out = "\n" + table(members);
  if (state.storage.empty()) return out;
  std::vector<std::vector<std::string>> nodes{
      {"storage node", "failure domain", "state", "chunks", "used", "of", "bad"}};
  for (const auto& s : state.storage) {
    nodes.push_back({printable(s.state.id), printable(s.state.domain),
                     std::string(msg::to_string(s.presence)), std::to_string(s.state.chunks),
                     human_bytes(s.state.used_bytes), human_bytes(s.state.quota_bytes),
                     std::to_string(s.state.bad_chunks)});
  }
  out += "\n" + table(nodes);
  const auto& r = state.repair;
  out += "\n" + std::to_string(state.copies) + " copies of each chunk; repair ";
  if (r.running) {
    out += "at work: " + std::to_string(r.chunks) + " chunks looked at, " +
           std::to_string(r.made_copies) + " of " + std::to_string(r.missing_copies) +
           " missing copies made";
  } else if (r.passes == 0) {
    out += "by " + (state.leader.empty() ? "nobody" : printable(state.leader));
  } else {
    out += "has looked at everything, " + std::to_string(r.missing_copies) +
           " copies were missing, " + std::to_string(r.made_copies) + " made";
  }
  if (r.lost_chunks > 0) out += ", " + std::to_string(r.lost_chunks) + " CHUNKS LOST";
  if (!r.note.empty()) out += " (" + printable(r.note, 120) + ")";
  return out + "\n";
}

std::string to_text(const std::vector<msg::publication>& publications) {
  if (publications.empty()) return "nothing is published\n";
  std::vector<std::vector<std::string>> rows{
      {"content", "size", "tenant", "open", "expires (UTC)", "title"}};
  for (const auto& p : publications) {
    rows.push_back({to_hex(p.content_id), human_bytes(p.size), printable(p.tenant),
                    p.open ? "yes" : "no", utc_day(p.expires), printable(p.title, 120)});
  }
  return table(rows);
}

nlohmann::json to_json(const msg::account& a) {
  nlohmann::json out{{"kind", std::string(msg::to_string(a.kind))},
                     {"name", printable(a.name)},
                     {"served", nlohmann::json::object()}};
  for (const auto& s : a.served) out["served"][printable(s.overlay)] = s.bytes;
  if (a.kind != msg::account_kind::tenant) return out;
  out["byte_hours"] = byte_hours({a.byte_seconds_high, a.byte_seconds_low});
  out["stored_bytes"] = a.stored_bytes;
  out["publications"] = a.publications;
  out["quota_bytes"] = a.quota_bytes;
  return out;
}

std::string to_text(const std::vector<msg::account>& accounts) {
  std::set<std::string> overlays;
  for (const auto& a : accounts)
    for (const auto& s : a.served) overlays.insert(printable(s.overlay));
  std::vector<std::vector<std::string>> rows{
      {"name", "kind", "stored now", "quota", "publications", "byte-hours"}};
  for (const auto& o : overlays) rows.front().push_back("bytes by " + o);
  for (const auto& a : accounts) {
    const bool tenant = a.kind == msg::account_kind::tenant;
    auto& row = rows.emplace_back();
    row = {printable(a.name), std::string(msg::to_string(a.kind))};
    row.push_back(tenant ? human_bytes(a.stored_bytes) : "");
    row.push_back(tenant && a.quota_bytes > 0 ? human_bytes(a.quota_bytes) : "");
    row.push_back(tenant ? std::to_string(a.publications) : "");
    row.push_back(tenant ? byte_hours({a.byte_seconds_high, a.byte_seconds_low}) : "");
    for (const auto& o : overlays) {
      const auto at = std::find_if(a.served.begin(), a.served.end(),
                                   [&](const auto& s) { return printable(s.overlay) == o; });
      row.push_back(at == a.served.end() ? "0" : std::to_string(at->bytes));
    }
  }
  return accounts.empty() ? "nobody is charged for anything in this time\n" : table(rows);
}

} // namespace interswarm
