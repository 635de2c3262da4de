#include "modes/command.hpp"
#include "modes/compare/experiment/draw.hpp"
#include "modes/compare/experiment/experiment_file.hpp"
#include "schema/base/encoding.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

namespace interswarm {

namespace {

namespace fs = std::filesystem;

struct compare_options {
  std::string experiment;
  std::string folder;
  std::string engine;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> settings;
};

/// Hours of runs shall not end in an error.
result<void> try_folder(const std::string& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  const auto probe = fs::path(folder) / "results.csv.probe";
  if (!code && std::ofstream(probe)) {
    fs::remove(probe, code);
    return {};
  }
  return fail(errc::io, "cannot write to " + printable(folder, 4096) +
                            (code ? ": " + code.message() : "") + "; name another --out");
}

result<void> run_compare(const compare_options& o) {
  auto settings = o.settings;
  if (!o.engine.empty()) settings.push_back("engine=" + o.engine);
  const auto e = compare::read_experiment(o.experiment, std::move(settings));
  if (!e) return tl::unexpected(e.error());
  const auto variants = compare::expand(*e);
  if (!variants) return tl::unexpected(variants.error());
  if (auto ok = try_folder(o.folder); !ok) return ok;
  std::cout << e->name << ": " << variants->size() << " variants, " << e->seeds.size()
            << " repetitions, " << e->solutions.size() << " solutions\n";
  for (const auto& v : *variants) {
    const auto plan = compare::draw(v.what, e->seeds.front());
    if (!plan) return tl::unexpected(plan.error());
    std::cout << "  " << (v.settings.empty() ? "" : v.label() + ": ") << plan->peers.size()
              << " peers, " << plan->contents.size() << " contents, " << plan->requests.size()
              << " requests\n";
  }
  return fail(errc::unimplemented, "the experiment is right and its plans can be drawn, but this "
                                   "build has no engine to run them");
}

} // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
  auto o = std::make_shared<compare_options>();
  auto* sub = app.add_subcommand(
      "compare", "Measure no integration, bridges and the service architecture on one workload");
  sub->add_option("EXPERIMENT", o->experiment, "its file; some are in examples/experiments")
      ->required();
  sub->add_option("--out", o->folder, "folder for the report; made if it is not there")->required();
  sub->add_option("--engine", o->engine, "instead of the experiment's: virtual time or real nodes")
      ->check(CLI::IsMember({"sim", "live"}));
  sub->add_option("--jobs", o->jobs, "simulated runs at once")
      ->check(CLI::Range(1u, 1024u))
      ->capture_default_str();
  sub->add_option("--set", o->settings,
                  "KEY=VALUE instead of what the file says, such as contents.overlap=0.2; may be "
                  "repeated")
      ->allow_extra_args(false);
  sub->callback([o, &exit_code] {
    if (auto done = run_compare(*o); !done) {
      std::cerr << "interswarm compare: " << to_string(done.error()) << "\n";
      exit_code = done.error().code == errc::configuration ? 2 : 1;
    }
  });
}

} // namespace interswarm
