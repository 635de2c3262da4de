#include "modes/record_export.hpp"

#include "modes/duration.hpp"
#include "schema/base/encoding.hpp"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

namespace interswarm {

namespace {

std::string formatted(std::int64_t unix_seconds, const char* format) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

/// RFC 7937 section 3.1: DATE and TIME.
std::string date_of(std::int64_t unix_ms) { return formatted(unix_ms / 1000, "%Y-%m-%d"); }
std::string time_of(std::int64_t unix_ms) {
  const auto ms = std::to_string(unix_ms % 1000);
  return formatted(unix_ms / 1000, "%H:%M:%S") + "." + std::string(3 - ms.size(), '0') + ms;
}

std::optional<std::string> some(std::string text) {
  if (text.empty()) return std::nullopt;
  return printable(text, 4096);
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const auto c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::optional<std::int64_t> parsed(const std::string& text, const char* format) {
  std::tm parts{};
  const auto* end = strptime(text.c_str(), format, &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

} // namespace

export_record record_of(const msg::delivery& d) {
  return {{"date", date_of(d.last_at)},           {"time", time_of(d.last_at)},
          {"s-hostname", some(d.node)},           {"sc-entity-bytes", {}, d.bytes},
          {"s-ccid", some(to_hex(d.content_id))}, {"x-overlay", some(d.overlay)},
          {"x-tenant", some(d.tenant)},           {"x-party", some(d.party)},
          {"x-hour", utc_moment(d.hour)},         {"x-receipt", some(to_hex(d.receipt))}};
}

export_record record_of(const msg::keeping& k, const std::string& byte_hours) {
  return {{"x-id", {}, static_cast<std::uint64_t>(k.id)},
          {"s-ccid", some(to_hex(k.content_id))},
          {"x-tenant", some(k.tenant)},
          {"x-size", {}, k.size},
          {"x-began", utc_moment(k.began)},
          {"x-ended", k.ended == 0 ? std::nullopt : std::optional(utc_moment(k.ended))},
          {"x-byte-hours", byte_hours}};
}

export_record record_of(const msg::ledger_entry& e) {
  return {{"date", date_of(e.last_at)},
          {"time", time_of(e.last_at)},
          {"s-hostname", some(e.from_domain)},
          {"sc-entity-bytes", {}, e.bytes},
          {"x-from-overlay", some(e.from_overlay)},
          {"x-to-domain", some(e.to_domain)},
          {"x-to-overlay", some(e.to_overlay)},
          {"x-name", some(e.content_name.overlay + ":" + to_hex(e.content_name.key))},
          {"x-tenant", some(e.tenant)},
          {"x-role", std::string(msg::to_string(e.role))},
          {"x-began", utc_moment(e.first_at / 1000)},
          {"x-receipt", some(to_hex(e.receipt))}};
}

std::string export_header(const export_record& like, export_format format) {
  if (format == export_format::jsonl) return {};
  std::string out;
  for (const auto& f : like) out += (out.empty() ? "" : ",") + quoted(f.name);
  return out + "\r\n";
}

std::string export_line(const export_record& record, export_format format) {
  if (format == export_format::jsonl) {
    nlohmann::ordered_json out = nlohmann::ordered_json::object();
    for (const auto& f : record) {
      if (f.text) out[f.name] = *f.text;
      if (f.number) out[f.name] = *f.number;
    }
    return out.dump() + "\n";
  }
  std::string out;
  for (const auto& f : record) {
    if (&f != &record.front()) out += ',';
    out += f.text ? quoted(*f.text) : f.number ? std::to_string(*f.number) : "-";
  }
  return out + "\r\n";
}

std::string utc_moment(std::int64_t unix_seconds) {
  return formatted(unix_seconds, "%Y-%m-%dT%H:%M:%SZ");
}

result<std::int64_t> read_moment(const std::string& text, std::int64_t now) {
  for (const auto* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"})
    if (const auto at = parsed(text, format)) return *at;
  if (const auto ago = read_duration(text)) return now - *ago;
  return fail(errc::configuration, "\"" + printable(text) +
                                       "\" is no moment such as 30d (ago), 2026-11-26 or "
                                       "2026-11-26T22:00:00Z");
}

} // namespace interswarm
