#include "modes/compare/report/format.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/wording.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

using row = std::vector<std::string>;

constexpr std::size_t label_columns = 46;

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

std::string verdict_table(const variant_summary& v) {
  const auto solutions = solutions_of(v);
  const auto between = contenders(v.runs);
  row header{""};
  for (const auto s : solutions) header.emplace_back(word(s));
  if (between) header.insert(header.end(), {"better", "by", "difference (95 % interval)"});
  std::vector<row> rows{header};
  std::optional<topic> heading;
  for (const auto& verdict : v.verdicts) {
    if (!verdict.what.headline) continue;
    if (heading != verdict.what.about) rows.push_back({std::string(word(verdict.what.about))});
    heading = verdict.what.about;
    row r{"  " + shortened(printable(verdict.what.label, 400), label_columns)};
    for (const auto s : solutions) {
      const auto* e = verdict.of(s);
      r.push_back(figure_text(e == nullptr ? std::nullopt : std::optional(e->at), verdict.what.of));
    }
    if (between) {
      auto words = wording_of(verdict, *between);
      r.insert(r.end(), {words.better, words.by, words.interval});
    }
    rows.push_back(std::move(r));
  }
  auto out = aligned(rows, solutions.size());
  if (between) out += "\n" + sentence_of(tally_of(v.verdicts, *between), *between) + "\n";
  return out;
}

const verdict* named(const variant_summary& v, const std::string& name) {
  for (const auto& x : v.verdicts)
    if (x.what.name == name) return &x;
  return nullptr;
}

/// Who is better at each value.
std::string sweep_table(const comparison& c, const contest& between) {
  row header{""};
  for (const auto& v : c.variants)
    header.push_back(shortened(printable(short_label(c, v), 80), 24));
  std::vector<row> rows{header};
  for (const auto& verdict : c.variants.front().verdicts) {
    if (!verdict.what.headline || verdict.what.is == better::neither) continue;
    row r{shortened(printable(verdict.what.label, 400), label_columns)};
    for (const auto& v : c.variants) {
      const auto* same = named(v, verdict.what.name);
      r.push_back(same == nullptr ? "\u2013" : short_wording_of(*same, between));
    }
    rows.push_back(std::move(r));
  }
  return aligned(rows, 0) + "\nWho is better between " + std::string(word(between.first)) +
         " and " + std::string(word(between.second)) + " at each value of " +
         printable(c.swept, 80) +
         ", and by how much of the other's figure; open: the 95 % interval holds 0.\n";
}

} // namespace

std::string results_text(const comparison& c) {
  if (c.variants.empty()) return "nothing was run\n";
  std::string out = printable(c.title, 200) + "  (" + (c.live ? "live" : "simulated") + ", " +
                    std::to_string(repetitions_of(c.variants.front())) + " repetitions)\n\n";
  const auto between = contenders(c.variants.front().runs);
  if (c.variants.size() > 1 && between) return out + sweep_table(c, *between);
  for (const auto& v : c.variants) {
    if (!v.label.empty()) out += printable(v.label, 200) + "\n";
    out += verdict_table(v);
  }
  return out;
}

} // namespace interswarm::compare
