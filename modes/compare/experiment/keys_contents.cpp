#include "modes/compare/experiment/fields.hpp"
#include "modes/compare/experiment/keys.hpp"
#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/units.hpp"

#include <cmath>

namespace interswarm::compare::keys {

namespace {

/// One size for all, a list of sizes, or a distribution.
void read_sizes(config_reader& r, contents_setup& out) {
  if (r.form_of("size") != config_reader::form::list) {
    fields::spread(r, "size", out.size, fields::measure::size);
    return;
  }
  std::vector<std::string> texts;
  r.read("size", texts);
  for (const auto& text : texts) {
    const auto size = read_size(text);
    if (!size) return r.reject("size", size.error().text);
    out.sizes.push_back(std::floor(*size + 0.5));
    if (!(out.sizes.back() >= 1 && out.sizes.back() <= limits::size_bytes))
      return r.reject("size", "1 B to " + text_of(limits::size_bytes) + " B is wanted, not " +
                                  text_of(*size) + " B");
  }
  if (texts.empty()) r.reject("size", "at least one is wanted");
}

std::vector<domain_id> all_domains(const context& c) {
  std::vector<domain_id> out;
  for (domain_id d = 0; d < c.domains.size(); ++d) out.push_back(d);
  return out;
}

void read_group(config_reader& r, const context& c, experiment& out) {
  content_group one;
  fields::count(r, "count", one.count, 1, limits::contents);
  fields::size(r, "size", one.size, 1, limits::size_bytes);
  if (const auto overlays = fields::some_of(r, "held_by", c.overlays)) one.held_by = *overlays;
  if (!r.has("held_by"))
    r.reject("held_by", "the overlays that hold it at the start are wanted, or [] for none");
  fields::count(r, "seeders", one.seeders, 1, limits::peers);
  r.read("published", one.published);
  if (const auto origin = fields::one_of(r, "origin", c.domains)) one.origin = *origin;
  if (out.groups.size() == limits::groups)
    r.reject("size", "more than " + std::to_string(limits::groups) + " tables [[content]]");
  if (out.groups.size() < limits::groups) out.groups.push_back(std::move(one));
}

} // namespace

void read_contents(config_reader& file, const context& c, experiment& out) {
  auto& contents = out.contents;
  contents.origins = all_domains(c);
  file.table("contents", [&](config_reader& r) {
    fields::count(r, "count", contents.count, 0, limits::contents);
    read_sizes(r, contents);
    fields::number(r, "zipf", contents.zipf, 0, limits::zipf);
    fields::share(r, "overlap", contents.overlap);
    fields::count(r, "overlap_in", contents.overlap_in, 2, limits::overlays);
    fields::count(r, "seeders", contents.seeders, 1, limits::peers);
    r.read("seeders_stay", contents.seeders_stay);
    fields::share(r, "published", contents.published);
    if (const auto origins = fields::some_of(r, "origins", c.domains)) contents.origins = *origins;
    if (contents.origins.empty()) r.reject("origins", "at least one domain is wanted");
  });
  file.tables("content", [&](config_reader& r) { read_group(r, c, out); });
}

void read_crowds(config_reader& file, const context& c, experiment& out) {
  file.tables("crowd", [&](config_reader& r) {
    crowd_setup one;
    fields::time(r, "at", one.at, 0, out.duration);
    fields::count(r, "content", one.content, 0, limits::contents);
    fields::count(r, "requests", one.requests, 1, limits::peers);
    fields::time(r, "decay", one.decay, 0.1, limits::duration);
    for (overlay_id o = 0; o < c.overlays.size(); ++o) one.overlays.push_back(o);
    if (const auto some = fields::some_of(r, "overlays", c.overlays)) one.overlays = *some;
    if (one.overlays.empty()) r.reject("overlays", "at least one is wanted");
    if (!(one.at < out.duration)) r.reject("at", "a time before the end is wanted");
    if (out.crowds.size() == limits::crowds)
      r.reject("at", "more than " + std::to_string(limits::crowds) + " tables [[crowd]]");
    if (out.crowds.size() < limits::crowds) out.crowds.push_back(std::move(one));
  });
}

} // namespace interswarm::compare::keys
