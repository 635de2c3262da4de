// Writes reports of made-up runs into folders of FOLDER: one value, a sweep, one repetition, and
// texts that would break a page which does not escape.
#include "modes/compare/report/write_report.hpp"
#include "tests/compare_sample.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("compare_report_samples FOLDER\n", stderr);
    return 2;
  }
  const std::string folder = argv[1];
  const std::pair<const char*, interswarm::compare::comparison> all[] = {
      {"single", compare_sample::make_comparison()},
      {"sweep", compare_sample::make_sweep()},
      {"once", compare_sample::make_comparison(1)},
      {"hostile", compare_sample::make_hostile()}};
  for (const auto& [name, value] : all) {
    const auto written = interswarm::compare::write_report(value, folder + "/" + name);
    if (written) continue;
    std::fprintf(stderr, "%s\n", written.error().text.c_str());
    return 1;
  }
  return 0;
}
