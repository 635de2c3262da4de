#include "modes/compare/report/format.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/text_table.hpp"
#include "modes/compare/report/wording.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

/// Below it there is no room for intervals.
constexpr std::size_t wide = 130;

/// "soa −34 %"; with a question mark where there are too few repetitions to be certain.
std::string doubted_wording(const verdict& v, const contest& between) {
  const auto text = short_wording_of(v, between);
  const auto* p = v.between(between.first, between.second);
  const bool doubted = p != nullptr && p->better_one && p->sure == certainty::too_few;
  return doubted ? text + " ?" : text;
}

text_row verdict_row(const verdict& v, const std::vector<solution>& solutions,
                     const std::optional<contest>& between, std::size_t columns) {
  text_row out{"  " + printable(v.what.label, 400)};
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
  text_row header{""};
  for (const auto s : solutions) header.emplace_back(word(s));
  if (between) header.emplace_back("better");
  if (between && columns >= wide) header.insert(header.end(), {"by", "difference (95 % interval)"});
  std::vector<text_row> rows{header};
  std::optional<topic> heading;
  for (const auto& verdict : v.verdicts) {
    if (!verdict.what.headline) continue;
    if (heading != verdict.what.about) rows.push_back({std::string(word(verdict.what.about))});
    heading = verdict.what.about;
    rows.push_back(verdict_row(verdict, solutions, between, columns));
  }
  shorten_labels(rows, columns);
  auto out = aligned_text(rows, solutions.size());
  if (between) out += "\n" + sentence_of(tally_of(v.verdicts, *between), *between) + "\n";
  return out;
}

/// Who is better at each value.
std::string sweep_table(const comparison& c, const contest& between, std::size_t columns) {
  text_row header{""};
  for (const auto& v : c.variants)
    header.push_back(shortened(printable(short_label(c, v), 80), 24));
  std::vector<text_row> rows{header};
  for (const auto& what : judged_metrics(c)) {
    text_row r{printable(what.label, 400)};
    for (const auto& v : c.variants) {
      const auto* same = verdict_on(v, what.name);
      r.push_back(same == nullptr ? "\u2013" : doubted_wording(*same, between));
    }
    rows.push_back(std::move(r));
  }
  shorten_labels(rows, columns);
  return aligned_text(rows, 0) + "\nWho is better between " + std::string(word(between.first)) +
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
