#include "modes/compare/report/chart_frame.hpp"

#include "modes/compare/report/svg.hpp"

#include <algorithm>
#include <numeric>

namespace interswarm::compare {

std::string chart_frame::id(int number, const char* part) {
  return "chart-" + std::to_string(number) + "-" + part;
}

chart_frame::chart_frame(std::string& out, const std::string& title, const std::string& description,
                         double height, int number)
    : figure_(out, "figure") {
  put(out, "figcaption", title);
  svg_.emplace(out, "svg",
               attributes{{"class", "chart"},
                          {"viewBox", "0 0 " + px(chart_width) + " " + px(height)},
                          {"role", "img"},
                          {"aria-labelledby", id(number, "title") + " " + id(number, "text")}});
  put(out, "title", {{"id", id(number, "title")}}, title);
  put(out, "desc", {{"id", id(number, "text")}}, description);
}

void put_numbers(std::string& out, const std::vector<std::vector<std::string>>& rows,
                 const std::string& note) {
  const element details(out, "details", {{"class", "numbers"}});
  put(out, "summary", "Numbers");
  {
    const element scroll(
        out, "div",
        {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "Numbers"}});
    const element table(out, "table");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const element row(out, "tr");
      for (std::size_t j = 0; j < rows[i].size(); ++j) {
        if (i == 0) {
          put(out, "th", {{"scope", "col"}}, rows[i][j]);
        } else if (j == 0) {
          put(out, "th", {{"scope", "row"}}, rows[i][j]);
        } else {
          put(out, "td", rows[i][j]);
        }
      }
    }
  }
  if (!note.empty()) put(out, "p", {{"class", "note"}}, note);
}

std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
  std::vector<double> out(wanted.size());
  double least = low;
  for (const auto i : order) {
    out[i] = std::max(wanted[i], least);
    least = out[i] + gap;
  }
  // What was pushed out at the end goes back, and pushes others before it.
  double most = high;
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    out[*i] = std::min(out[*i], most);
    most = out[*i] - gap;
  }
  return out;
}

} // namespace interswarm::compare
