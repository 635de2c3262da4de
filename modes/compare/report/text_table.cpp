#include "modes/compare/report/text_table.hpp"

#include "modes/compare/report/format.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

constexpr std::size_t most_label_columns = 52;
constexpr std::size_t least_label_columns = 20;
/// All columns but the first, with the blanks before them.
std::size_t width_of(const std::vector<text_row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& r : rows) {
    widths.resize(std::max(widths.size(), r.size()));
    for (std::size_t i = 1; i < r.size(); ++i) widths[i] = std::max(widths[i], columns_of(r[i]));
  }
  std::size_t out = 0;
  for (const auto w : widths) out += w == 0 ? 0 : w + 2;
  return out;
}

} // namespace

void shorten_labels(std::vector<text_row>& rows, std::size_t columns) {
  const auto rest = std::min(columns, width_of(rows));
  const auto room = std::clamp(columns - rest, least_label_columns, most_label_columns);
  for (auto& r : rows) r[0] = shortened(r[0], room);
}

std::string aligned_text(const std::vector<text_row>& rows, std::size_t figures) {
  std::vector<std::size_t> widths;
  for (const auto& r : rows) {
    widths.resize(std::max(widths.size(), r.size()));
    if (r.size() == 1) continue; // a heading
    for (std::size_t i = 0; i < r.size(); ++i) widths[i] = std::max(widths[i], columns_of(r[i]));
  }
  std::string out;
  for (const auto& r : rows) {
    std::string line;
    for (std::size_t i = 0; i < r.size(); ++i) {
      const std::string pad(widths[i] - std::min(widths[i], columns_of(r[i])), ' ');
      const bool right = i > 0 && i <= figures;
      line += (i == 0 ? "" : "  ") + (right ? pad + r[i] : r[i] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

} // namespace interswarm::compare
