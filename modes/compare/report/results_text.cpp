#include "modes/compare/report/format.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/wording.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

using row = std::vector<std::string>;

constexpr std::size_t most_label_columns = 52;
constexpr std::size_t least_label_columns = 20;
/// Below it there is no room for intervals.
constexpr std::size_t wide = 130;

/// All columns but the first, with the blanks before them.
std::size_t width_of(const std::vector<row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& r : rows) {
    widths.resize(std::max(widths.size(), r.size()));
    for (std::size_t i = 1; i < r.size(); ++i) widths[i] = std::max(widths[i], columns_of(r[i]));
  }
  std::size_t out = 0;
  for (const auto w : widths) out += w == 0 ? 0 : w + 2;
  return out;
}

/// As much as lets the other columns fit.
void shorten_labels(std::vector<row>& rows, std::size_t columns) {
  const auto rest = std::min(columns, width_of(rows));
  const auto room = std::clamp(columns - rest, least_label_columns, most_label_columns);
  for (auto& r : rows) r[0] = shortened(r[0], room);
}

/// Columns padded to their widest cell, two blanks between them; the first is left-bound, figures
/// are right-bound.
std::string aligned(const std::vector<row>& rows, std::size_t figures) {
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

/// "soa −34 %"; with a question mark where there are too few repetitions to be certain.
std::string doubted_wording(const verdict& v, const contest& between) {
  const auto text = short_wording_of(v, between);
  const auto* p = v.between(between.first, between.second);
  const bool doubted = p != nullptr && p->better_one && p->sure == certainty::too_few;
  return doubted ? text + " ?" : text;
}

row verdict_row(const verdict& v, const std::vector<solution>& solutions,
                const std::optional<contest>& between, std::size_t columns) {
  row out{"  " + printable(v.what.label, 400)};
  for (const auto s : solutions) {
    const auto* e = v.of(s);
    out.push_back(figure_text(e == nullptr ? std::nullopt : std::optional(e->at), v.what.of));
  }
  if (!between) return out;
  if (columns < wide) {
    out.push_back(v.what.is == better::neither ? "" : doubted_wording(v, *between));
  } else {
    auto words = wording_of(v, *between);
    out.insert(out.end(), {words.better, words.by, words.interval});
  }
  return out;
}

std::string verdict_table(const variant_summary& v, std::size_t columns) {
  const auto solutions = solutions_of(v);
  const auto between = contenders(v.runs);
  row header{""};
  for (const auto s : solutions) header.emplace_back(word(s));
  if (between) header.emplace_back("better");
  if (between && columns >= wide) header.insert(header.end(), {"by", "difference (95 % interval)"});
  std::vector<row> rows{header};
  std::optional<topic> heading;
  for (const auto& verdict : v.verdicts) {
    if (!verdict.what.headline) continue;
    if (heading != verdict.what.about) rows.push_back({std::string(word(verdict.what.about))});
    heading = verdict.what.about;
    rows.push_back(verdict_row(verdict, solutions, between, columns));
  }
  shorten_labels(rows, columns);
  auto out = aligned(rows, solutions.size());
  if (between) out += "\n" + sentence_of(tally_of(v.verdicts, *between), *between) + "\n";
  return out;
}

/// Who is better at each value.
std::string sweep_table(const comparison& c, const contest& between, std::size_t columns) {
  row header{""};
  for (const auto& v : c.variants)
    header.push_back(shortened(printable(short_label(c, v), 80), 24));
  std::vector<row> rows{header};
  for (const auto& what : judged_metrics(c)) {
    row r{printable(what.label, 400)};
    for (const auto& v : c.variants) {
      const auto* same = verdict_on(v, what.name);
      r.push_back(same == nullptr ? "\u2013" : doubted_wording(*same, between));
    }
    rows.push_back(std::move(r));
  }
  shorten_labels(rows, columns);
  return aligned(rows, 0) + "\nWho is better between " + std::string(word(between.first)) +
         " and " + std::string(word(between.second)) + " at each value of " +
         printable(c.swept, 80) +
         ", and by how much of the other's figure; open: the 95 % interval holds 0; ?: too few "
         "repetitions.\n";
}

} // namespace

std::string results_text(const comparison& c, std::size_t columns) {
  if (c.variants.empty()) return "nothing was run\n";
  const auto n = repetitions_of(c.variants.front());
  std::string out = printable(c.title, 200) + "  (" + (c.live ? "live" : "simulated") + ", " +
                    std::to_string(n) + (n == 1 ? " repetition)\n\n" : " repetitions)\n\n");
  const auto between = contenders(c.variants.front().runs);
  if (c.variants.size() > 1 && between) return out + sweep_table(c, *between, columns);
  for (const auto& v : c.variants) {
    if (!v.label.empty()) out += printable(v.label, 200) + "\n";
    out += verdict_table(v, columns);
  }
  return out;
}

} // namespace interswarm::compare
