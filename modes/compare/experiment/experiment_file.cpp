#include "modes/compare/experiment/experiment_file.hpp"

#include "modes/compare/experiment/experiment_source.hpp"
#include "modes/compare/experiment/fields.hpp"
#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/text_file.hpp"
#include "modes/compare/experiment/units.hpp"
#include "modes/config_reader.hpp"
#include "modes/duration.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::compare {

namespace {

/// The file's name without its folder and extension, as a name.
std::string name_of(const std::string& file) {
  auto out = file.substr(file.rfind('/') + 1);
  out = out.substr(0, std::min(out.find('.'), limits::name_bytes));
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!fields::is_name({&c, 1})) c = '-';
  }
  return out.empty() ? "experiment" : out;
}

result<experiment> read_tree(source_tree& tree, reading& shared) {
  experiment out;
  out.name = name_of(shared.file);
  auto reader = config_reader::over(tree.take(), printable(shared.file, 4096));
  read_keys(reader, shared, out);
  if (auto ok = reader.finish(); !ok) return tl::unexpected(ok.error());
  return out;
}

std::optional<double> number_of(const std::string& value) {
  double number = 0;
  const auto* end = value.data() + value.size();
  const auto [after, code] = std::from_chars(value.data(), end, number);
  if (code == std::errc() && after == end) return number;
  if (const auto size = read_size(value)) return *size;
  if (const auto rate = read_rate(value)) return *rate;
  if (const auto seconds = read_duration(value)) return static_cast<double>(*seconds);
  return std::nullopt;
}

/// Counts `digits` on, the last fastest. False when all were had.
bool next(std::vector<std::size_t>& digits, const std::vector<sweep_axis>& axes) {
  for (auto i = digits.size(); i-- > 0;) {
    if (++digits[i] < axes[i].values.size()) return true;
    digits[i] = 0;
  }
  return false;
}

} // namespace

result<experiment> read_experiment(const std::string& file, std::vector<std::string> settings) {
  auto text = read_text_file(file, limits::file_bytes);
  if (!text) return tl::unexpected(text.error());
  return parse_experiment({file, std::move(*text), std::move(settings)});
}

result<experiment> parse_experiment(experiment_source source) {
  auto tree = source_tree::make(source);
  if (!tree) return tl::unexpected(tree.error());
  auto axes = tree->axes();
  if (!axes) return tl::unexpected(axes.error());
  // With the first value of each: what a sweep gives may be needed to make the rest possible.
  if (auto ok = tree->choose(std::vector<std::size_t>(axes->size(), 0)); !ok)
    return tl::unexpected(ok.error());
  reading shared{source.file, {}};
  auto out = read_tree(*tree, shared);
  if (!out) return out;
  out->sweep = std::move(*axes);
  out->source = std::make_shared<const experiment_source>(std::move(source));
  return out;
}

result<std::vector<variant>> expand(const experiment& e) {
  std::vector<variant> out;
  std::vector<std::size_t> digits(e.sweep.size(), 0);
  reading shared{e.source->file, {}};
  do {
    auto tree = source_tree::make(*e.source);
    if (!tree) return tl::unexpected(tree.error());
    if (auto ok = tree->choose(digits); !ok) return tl::unexpected(ok.error());
    auto what = read_tree(*tree, shared);
    if (!what) return tl::unexpected(what.error());
    what->source = e.source;
    variant one{{}, std::move(*what)};
    for (std::size_t i = 0; i < digits.size(); ++i) {
      const auto& value = e.sweep[i].values[digits[i]];
      one.settings.push_back({e.sweep[i].key, value, number_of(value)});
    }
    out.push_back(std::move(one));
  } while (next(digits, e.sweep));
  return out;
}

std::string variant::label() const {
  std::string out;
  for (const auto& s : settings) out += (out.empty() ? "" : ", ") + s.key + " = " + s.value;
  return out;
}

} // namespace interswarm::compare
