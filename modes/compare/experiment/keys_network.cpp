#include "modes/compare/experiment/fields.hpp"
#include "modes/compare/experiment/keys.hpp"
#include "modes/compare/experiment/limits.hpp"

namespace interswarm::compare::keys {

namespace {

void read_path(config_reader& r, path_plan& out) {
  double delay_ms = out.delay_s * 1000;
  fields::number(r, "delay_ms", delay_ms, 0, limits::delay_ms);
  out.delay_s = delay_ms / 1000;
  fields::rate(r, "rate", out.rate, true);
  fields::number(r, "price_per_gib", out.price_per_gib, 0, limits::price);
  fields::number(r, "loss", out.loss, 0, limits::loss);
}

/// Which two domains a [[path]] is about; equal ones if the file is wrong.
std::pair<domain_id, domain_id> read_ends(config_reader& r, const context& c, bool& both) {
  const auto between = fields::some_of(r, "between", c.domains);
  const auto from = fields::one_of(r, "from", c.domains);
  const auto to = fields::one_of(r, "to", c.domains);
  both = r.has("between");
  if (both == (r.has("from") || r.has("to")) || r.has("from") != r.has("to")) {
    r.reject("between", "two domains are wanted, or from and to for one direction only");
    return {0, 0};
  }
  if (both && (!between || between->size() != 2)) {
    r.reject("between", "two domains are wanted");
    return {0, 0};
  }
  if (both) return {(*between)[0], (*between)[1]};
  if (from && to && *from == *to)
    r.reject("to", "another domain than from is wanted; [domain.NAME] has what is inside one");
  return {from.value_or(0), to.value_or(0)};
}

std::vector<std::string> checked_names(config_reader& file, const char* table, std::size_t most) {
  auto out = file.names_in(table);
  for (const auto& name : out) {
    if (fields::is_name(name)) continue;
    file.reject(table, "names are 1 to 63 of a-z, 0-9, \"-\" and \"_\"");
  }
  if (out.size() > most) {
    file.reject(table, "at most " + std::to_string(most) + " are wanted");
    out.resize(most);
  }
  return out;
}

} // namespace

void read_names(config_reader& file, context& c) {
  c.overlays = checked_names(file, "overlay", limits::overlays);
  if (c.overlays.empty()) c.overlays = {"bittorrent", "ed2k"};
  c.domains = checked_names(file, "domain", limits::domains);
  if (c.domains.empty()) c.domains = c.overlays;
}

void read_network(config_reader& file, const context& c, experiment& out) {
  path_plan inside, between;
  inside.delay_s = 0.01;
  between.delay_s = 0.04;
  file.table("network", [&](config_reader& r) {
    r.table("inside", [&](config_reader& p) { read_path(p, inside); });
    r.table("between", [&](config_reader& p) { read_path(p, between); });
  });
  const auto n = c.domains.size();
  for (const auto& name : c.domains) out.domains.push_back({name});
  out.paths.assign(n * n, between);
  for (std::size_t i = 0; i < n; ++i) out.paths[i * n + i] = inside;
  file.table("domain", [&](config_reader& all) {
    for (std::size_t i = 0; i < n; ++i)
      all.table(c.domains[i].c_str(),
                [&](config_reader& r) { read_path(r, out.paths[i * n + i]); });
  });
  std::size_t count = 0;
  file.tables("path", [&](config_reader& r) {
    if (++count > limits::paths) r.reject("between", "too many paths");
    bool both = false;
    const auto [from, to] = read_ends(r, c, both);
    read_path(r, out.paths[from * n + to]);
    if (both) out.paths[to * n + from] = out.paths[from * n + to];
  });
}

} // namespace interswarm::compare::keys
