#include "actors/overlays/ppsp/tracker_names.hpp"

#include "actors/overlays/ppsp/tracker_limits.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ppsp/limits.hpp"

namespace interswarm::ppsp {

void swarm_names::replace(const std::vector<msg::name>& names) {
  names_.clear();
  for (const auto& name : names) {
    const auto key = read_name(name);
    if (key && names_.size() < max_names) names_.emplace(key->id, name);
  }
}

std::vector<msg::name> swarm_names::of(byte_view swarm_id) const {
  const bytes id(swarm_id.begin(), swarm_id.end());
  std::vector<msg::name> out;
  for (auto [at, end] = names_.equal_range(id); at != end; ++at) out.push_back(at->second);
  if (!out.empty()) return out;
  const auto guess = parse_link("ppspp://" + to_hex(id));
  if (guess) out.push_back(make_name(guess->key));
  return out;
}

result<std::vector<bytes>> parse_swarm_list(std::string_view text) {
  std::vector<bytes> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    auto id = from_hex(line);
    if (!id || id->empty() || id->size() > limits::max_swarm_id_bytes)
      return fail(errc::malformed,
                  "line " + std::to_string(number) + " is no swarm id in hexadecimal");
    if (out.size() == tracker_limits::listed_names)
      return fail(errc::too_large,
                  "more than " + std::to_string(tracker_limits::listed_names) + " swarms");
    out.push_back(std::move(*id));
  }
  return out;
}

} // namespace interswarm::ppsp
