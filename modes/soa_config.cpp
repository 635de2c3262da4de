#include "modes/soa_config.hpp"

#include "modes/config_reader.hpp"

#include <algorithm>
#include <fstream>

namespace interswarm {

namespace {

void read_roles(config_reader& r, soa_config& out) {
  std::vector<std::string> roles{"storage", "service", "access"};
  r.read("roles", roles);
  const auto has = [&](const char* role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  out.storage = has("storage");
  out.service = has("service");
  out.access = has("access");
  for (const auto& role : roles) {
    if (role != "storage" && role != "service" && role != "access")
      r.reject("roles", "\"" + role + "\" is no role; storage, service and access are");
  }
  if (roles.empty()) r.reject("roles", "at least one is wanted");
}

void read_cluster(config_reader& r, soa_config& out) {
  read_roles(r, out);
  std::vector<std::string> join;
  std::uint32_t copies = static_cast<std::uint32_t>(out.network.copies);
  r.read("join", join);
  r.read("members", out.members);
  r.read("advertise", out.advertise);
  std::chrono::seconds away =
      std::chrono::duration_cast<std::chrono::seconds>(out.network.timing.away_after);
  std::chrono::seconds gone =
      std::chrono::duration_cast<std::chrono::seconds>(out.network.timing.gone_after);
  r.read("away_after", away);
  r.read("gone_after", gone);
  if (away < std::chrono::seconds(2) || gone < away)
    r.reject("gone_after", "away_after is at least 2 s, gone_after at least as long");
  out.network.timing.away_after = away;
  out.network.timing.gone_after = gone;
  r.read("copies", copies);
  auto least = copies;
  r.read("least_copies", least);
  if (copies < 1 || copies > 16) r.reject("copies", "1 to 16 are wanted");
  if (least < 1 || least > copies) r.reject("least_copies", "1 to `copies` are wanted");
  out.network.copies = copies;
  out.network.least_copies = least;
  for (const auto& text : join) {
    auto seed = read_seed(text);
    if (seed) {
      out.join.push_back(std::move(*seed));
    } else {
      r.reject("join", seed.error().text);
    }
  }
}

void read_storage(config_reader& r, soa_config& out) {
  std::string folder;
  std::uint32_t threads = out.node.threads;
  r.read("folder", folder);
  r.read("failure_domain", out.node.domain);
  r.read("quota_bytes", out.quota_bytes);
  r.read("sync", out.sync);
  r.read("threads", threads);
  r.read("grace", out.node.grace);
  r.read("scrub_interval", out.node.scrub_interval);
  r.read("scrub_bytes_per_second", out.node.scrub_bytes_per_second);
  r.read("rados_pool", out.rados.pool);
  r.read("rados_namespace", out.rados.space);
  r.read("rados_user", out.rados.user);
  r.read("rados_config", out.rados.config_file);
  r.read("rados_operation_limit", out.rados.operation_limit);
  if (!out.rados.pool.empty() && !folder.empty())
    r.reject("rados_pool", "chunks are in a pool or in a folder");
  if (threads < 1 || threads > 64) r.reject("threads", "1 to 64 are wanted");
  if (out.node.domain.size() > 63) r.reject("failure_domain", "at most 63 characters");
  if (out.node.scrub_bytes_per_second == 0)
    r.reject("scrub_bytes_per_second", "more than 0 is wanted");
  out.node.threads = threads;
  out.folder = folder;
}

void read_service(config_reader& r, soa_config& out) {
  r.read("catalogue", out.catalogue);
  r.read("publishers", out.publishers);
  r.read("default_quota_bytes", out.default_quota_bytes);
  r.read("keep_accounts", out.keep_accounts);
  auto& pace = out.repair.pace;
  r.read("repair_bytes_per_second", pace.alone);
  pace.beside_readers = std::max<std::uint64_t>(1, pace.alone / 2);
  r.read("repair_bytes_per_second_beside_readers", pace.beside_readers);
  for (const auto* key : {"repair_bytes_per_second", "repair_bytes_per_second_beside_readers"})
    if (pace.alone == 0 || pace.beside_readers == 0) r.reject(key, "more than 0 is wanted");
}

} // namespace

result<std::vector<http::url_key>> read_url_keys(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(errc::io, file + ": cannot be read");
  std::vector<http::url_key> out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto blank = line.find(' ');
    if (blank == std::string::npos)
      return fail(errc::configuration, file + ": a line with a key is \"ID SECRET\"");
    out.push_back({line.substr(0, blank), line.substr(blank + 1)});
  }
  if (auto possible = http::url_signer::make(out); !possible)
    return fail(possible.error().code, file + ": " + possible.error().text);
  return out;
}

result<cluster_desk::seed> read_seed(const std::string& text) {
  const auto at = text.find('@');
  cluster_desk::seed out;
  if (at != std::string::npos) out.id = text.substr(0, at);
  out.address = at == std::string::npos ? text : text.substr(at + 1);
  const auto colon = out.address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == out.address.size())
    return fail(errc::configuration, "\"" + text + "\" is neither HOST:PORT nor NAME@HOST:PORT");
  return out;
}

void read_soa_config(config_reader& file, soa_config& out) {
  file.table("cluster", [&](config_reader& r) { read_cluster(r, out); });
  file.table("storage", [&](config_reader& r) { read_storage(r, out); });
  file.table("service", [&](config_reader& r) { read_service(r, out); });
  file.tables("tenant", [&](config_reader& r) {
    std::string name;
    std::uint64_t quota = 0;
    r.read("name", name);
    r.read("quota_bytes", quota);
    if (name.empty()) r.reject("name", "the tenant's name is wanted");
    out.quotas[name] = quota;
  });
  file.table("access", [&](config_reader& r) {
    std::string certificate, key;
    std::uint32_t connections = static_cast<std::uint32_t>(out.http.connections);
    std::uint32_t of_one = static_cast<std::uint32_t>(out.http.connections_per_address);
    r.read("http", out.http.listen);
    r.read("http_url", out.http_url);
    r.read("http_certificate", certificate);
    r.read("http_key", key);
    r.read("http_connections", connections);
    r.read("http_connections_per_address", of_one);
    r.read("http_bytes_per_second", out.http.bytes_per_second);
    r.read("url_keys", out.url_keys);
    if (certificate.empty() != key.empty())
      r.reject("http_certificate", "certificate and key are wanted together");
    if (!certificate.empty()) out.http.tls = http::http_door_options::tls_files{certificate, key};
    out.http.connections = connections;
    out.http.connections_per_address = of_one;
    r.read("cache_bytes", out.network.cache_bytes);
  });
}

} // namespace interswarm
