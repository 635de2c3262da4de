#include "modes/print.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace interswarm {

namespace {

std::string utc(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

std::string size_text(std::uint64_t size) {
  return size == msg::unknown_size ? "size unknown" : std::to_string(size) + " bytes";
}

} // namespace

nlohmann::json to_json(const msg::name& name) {
  return {{"overlay", printable(name.overlay)}, {"key", to_hex(name.key)}};
}

nlohmann::json to_json(const msg::name_record& r) {
  nlohmann::json out = to_json(r.name);
  out["content"] = to_hex(r.content_id);
  out["evidence"] = std::string(msg::to_string(r.evidence));
  out["permission"] = std::string(msg::to_string(r.permission));
  out["title"] = printable(r.title, 4096);
  out["uri"] = printable(r.uri, 65536);
  out["expires"] = r.expires;
  if (r.size != msg::unknown_size) out["size"] = r.size;
  auto& lists = out["hash_lists"] = nlohmann::json::array();
  for (const auto& list : r.hashes) {
    lists.push_back({{"algorithm", std::string(msg::to_string(list.algorithm))},
                     {"unit", list.unit},
                     {"period", list.period},
                     {"begin", list.offset},
                     {"end", list.end},
                     {"evidence", std::string(msg::to_string(list.evidence))}});
  }
  return out;
}

nlohmann::json to_json(const msg::ledger_entry& e) {
  return {{"receipt", to_hex(e.receipt)},
          {"from_domain", printable(e.from_domain)},
          {"from_overlay", printable(e.from_overlay)},
          {"to_domain", printable(e.to_domain)},
          {"to_overlay", printable(e.to_overlay)},
          {"content", to_json(e.content_name)},
          {"tenant", printable(e.tenant)},
          {"bytes", e.bytes},
          {"first_at_ms", e.first_at},
          {"last_at_ms", e.last_at},
          {"role", std::string(msg::to_string(e.role))}};
}

nlohmann::json to_json(const msg::domain_status& d) {
  nlohmann::json out{
      {"domain", printable(d.domain)}, {"alive", d.alive}, {"round_trip_us", d.round_trip_us}};
  auto& overlays = out["overlays"] = nlohmann::json::array();
  for (const auto& o : d.overlays) {
    overlays.push_back({{"overlay", printable(o.overlay)},
                        {"link", o.link},
                        {"swarms", o.swarms},
                        {"parties", o.parties},
                        {"serving", o.serving},
                        {"fetching", o.fetching},
                        {"load", o.load},
                        {"bytes_per_second", o.bytes_per_second},
                        {"stored_bytes", o.stored_bytes},
                        {"note", printable(o.note)}});
  }
  return out;
}

nlohmann::json to_json(const msg::gateway& g) {
  return {{"name", to_json(g.name)},
          {"uri", printable(g.uri, 65536)},
          {"from_domain", printable(g.from_domain)},
          {"from_overlay", printable(g.from_overlay)},
          {"to_overlay", printable(g.to_overlay)},
          {"bytes", g.verified_bytes},
          {"clients", g.clients},
          {"note", printable(g.note)}};
}

std::string to_text(const std::vector<msg::name_record>& records) {
  std::string out;
  for (const auto& r : records) {
    out += printable(r.name.overlay) + "  " + std::string(msg::to_string(r.evidence));
    if (r.permission == msg::permission::forbidden) out += "  private";
    out += "  " + size_text(r.size);
    if (!r.title.empty()) out += "  " + printable(r.title, 120);
    out += "\n  " + (r.uri.empty() ? to_hex(r.name.key) : printable(r.uri, 4096)) + "\n";
    if (!r.content_id.empty()) out += "  content " + to_hex(r.content_id) + "\n";
  }
  return out.empty() ? "no names\n" : out;
}

std::string to_text(const std::vector<msg::ledger_entry>& entries) {
  std::vector<std::vector<std::string>> rows{
      {"last at (UTC)", "role", "from", "to", "bytes", "name", "receipt"}};
  for (const auto& e : entries) {
    rows.push_back({utc(e.last_at), std::string(msg::to_string(e.role)),
                    printable(e.from_domain) + "/" + printable(e.from_overlay),
                    printable(e.to_domain) + "/" + printable(e.to_overlay), std::to_string(e.bytes),
                    to_hex(e.content_name.key).substr(0, 16), to_hex(e.receipt).substr(0, 8)});
  }
  return entries.empty() ? "nothing has crossed yet\n" : table(rows);
}

std::string to_text(const std::vector<msg::domain_status>& domains,
                    const std::vector<msg::gateway>& gateways) {
  std::vector<std::vector<std::string>> rows{
      {"domain", "state", "overlay", "serving", "fetching", "clients", "note"}};
  for (const auto& d : domains) {
    const std::string state = d.alive ? "up" : "down";
    if (d.overlays.empty()) rows.push_back({printable(d.domain), state, "-", "", "", "", ""});
    for (const auto& o : d.overlays) {
      rows.push_back({printable(d.domain), state, printable(o.overlay), std::to_string(o.serving),
                      std::to_string(o.fetching), std::to_string(o.parties),
                      printable(o.note, 60)});
    }
  }
  auto out = table(rows);
  if (gateways.empty()) return out + "\nno content is bridged at the moment\n";
  std::vector<std::vector<std::string>> open{{"from", "to", "clients", "sent", "name", "note"}};
  for (const auto& g : gateways) {
    open.push_back(
        {g.from_domain.empty() ? "-" : printable(g.from_domain) + "/" + printable(g.from_overlay),
         printable(g.to_overlay), std::to_string(g.clients), human_bytes(g.verified_bytes),
         to_hex(g.name.key).substr(0, 16), printable(g.note, 60)});
  }
  return out + "\n" + table(open);
}

std::string human_bytes(std::uint64_t count) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(count);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

} // namespace interswarm
