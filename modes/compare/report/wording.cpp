#include "modes/compare/report/wording.hpp"

#include "modes/compare/report/format.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace interswarm::compare {

namespace {

std::string name(solution s) { return std::string(word(s)); }

/// What the winner has less, or more, than the loser.
std::string gain_of(const verdict& v, const pairing& p, solution winner) {
  const auto loser = winner == p.first ? p.second : p.first;
  const double theirs = v.of(loser)->at;
  if (!std::isfinite(theirs)) return "never with " + name(loser);
  const double gain = std::abs(p.difference.at);
  const std::string way = v.what.is == better::lower ? " less" : " more";
  const auto absolute = difference_text(gain, v.what.of);
  if (v.what.of == unit::share || theirs == 0 || !std::isfinite(gain)) return absolute + way;
  return percent_text(gain / theirs) + way + " (" + absolute + ")";
}

std::string interval_of(const verdict& v, const pairing& p) {
  if (p.sure == certainty::equal) return "no repetition differs";
  if (p.sure != certainty::too_few) return interval_text(p.difference, v.what.of);
  if (p.difference.count == 1) return "a single repetition";
  return std::to_string(p.difference.count) + " repetitions are too few";
}

} // namespace

wording wording_of(const verdict& v, const contest& between) {
  wording out;
  if (v.what.is == better::neither) return out;
  const auto* p = v.between(between.first, between.second);
  if (p == nullptr || p->difference.count == 0) return out;
  out.sure = p->sure;
  out.interval = interval_of(v, *p);
  if (!p->better_one) {
    out.better = p->sure == certainty::open ? "open" : "equal";
    return out;
  }
  out.by = gain_of(v, *p, *p->better_one);
  out.better = name(*p->better_one);
  if (p->sure == certainty::open) {
    out.by = out.better + " " + out.by;
    out.better = "open";
  }
  return out;
}

std::string short_wording_of(const verdict& v, const contest& between) {
  const auto words = wording_of(v, between);
  if (words.better.empty()) return "\u2013";
  const auto* p = v.between(between.first, between.second);
  if (!p->better_one || p->sure == certainty::open) return words.better;
  const auto loser = *p->better_one == p->first ? p->second : p->first;
  const double theirs = v.of(loser)->at;
  const double gain = std::abs(p->difference.at);
  const std::string sign = v.what.is == better::lower ? " \u2212" : " +";
  if (v.what.of == unit::share) return words.better + sign + difference_text(gain, v.what.of);
  if (theirs == 0 || !std::isfinite(theirs) || !std::isfinite(gain)) return words.better;
  return words.better + sign + percent_text(gain / theirs);
}

tally tally_of(const std::vector<verdict>& verdicts, const contest& between) {
  tally out;
  for (const auto& v : verdicts) {
    const auto* p = v.between(between.first, between.second);
    if (!v.what.headline || v.what.is == better::neither || p == nullptr ||
        p->difference.count == 0)
      continue;
    switch (p->sure) {
    case certainty::clear: ++(p->better_one == between.first ? out.first : out.second); break;
    case certainty::open: ++out.open; break;
    case certainty::equal: ++out.equal; break;
    case certainty::too_few: ++out.too_few; break;
    }
  }
  return out;
}

std::string sentence_of(const tally& t, const contest& between) {
  const auto count = [](std::size_t n) { return std::to_string(n); };
  if (t.judged() == 0) return "There is nothing to judge between the two.";
  if (t.too_few == t.judged())
    return "Of " + count(t.judged()) +
           " judged figures none can be called certain: there are too few repetitions.";
  std::string out = "Of " + count(t.judged()) + " judged figures, " + name(between.second) +
                    " is clearly better at " + count(t.second) + ", " + name(between.first) +
                    " at " + count(t.first);
  if (t.equal > 0) out += "; " + count(t.equal) + (t.equal == 1 ? " is equal" : " are equal");
  if (t.open > 0) out += "; " + count(t.open) + (t.open == 1 ? " is open" : " are open");
  if (t.too_few > 0) out += "; of " + count(t.too_few) + " there are too few repetitions";
  return out + ".";
}

std::string against_none(const variant_summary& v) {
  std::string out;
  for (const auto s : {solution::bridge, solution::soa}) {
    const auto t = tally_of(v.verdicts, {solution::isolated, s});
    if (t.judged() == 0 || t.judged() == t.too_few) continue;
    out += (out.empty() ? "Against no integration, " : "; ") + name(s) + " is clearly better at " +
           std::to_string(t.second) + " and worse at " + std::to_string(t.first) + " figures";
  }
  return out.empty() ? out : out + ".";
}

std::vector<metric> judged_metrics(const comparison& c) {
  std::vector<metric> out;
  std::set<std::string> known;
  for (const auto& v : c.variants)
    for (const auto& x : v.verdicts)
      if (x.what.headline && x.what.is != better::neither && known.insert(x.what.name).second)
        out.push_back(x.what);
  std::stable_sort(out.begin(), out.end(),
                   [](const metric& a, const metric& b) { return a.about < b.about; });
  return out;
}

const verdict* verdict_on(const variant_summary& v, const std::string& name) {
  for (const auto& x : v.verdicts)
    if (x.what.name == name) return &x;
  return nullptr;
}

std::string short_label(const comparison& c, const variant_summary& v) {
  const auto key = c.swept + " = ";
  return v.label.starts_with(key) ? v.label.substr(key.size()) : v.label;
}

std::vector<solution> solutions_of(const variant_summary& v) {
  std::vector<solution> out;
  for (const auto s : all_solutions)
    if (std::any_of(v.runs.begin(), v.runs.end(), [&](const auto& r) { return r.how == s; }))
      out.push_back(s);
  return out;
}

std::size_t repetitions_of(const variant_summary& v) {
  std::set<std::uint32_t> all;
  for (const auto& r : v.runs) all.insert(r.repetition);
  return all.size();
}

} // namespace interswarm::compare
