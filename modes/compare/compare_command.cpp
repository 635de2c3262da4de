#include "modes/command.hpp"
#include "modes/compare/batch/batch.hpp"
#include "modes/compare/live/run_live.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/write_report.hpp"
#include "modes/compare/sim/simulator.hpp"
#include "modes/progress.hpp"
#include "schema/base/encoding.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <memory>
#include <sys/utsname.h>
#include <thread>

namespace interswarm {

namespace {

using namespace compare;

struct compare_options {
  std::string experiment;
  std::string folder;
  std::string engine;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> settings;
};

volatile std::sig_atomic_t interrupted = 0;

/// While it lives, the first SIGINT or SIGTERM asks for an end in good order; the second one ends
/// the process as ever.
class interrupt_guard {
public:
  interrupt_guard() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, &old_interrupt_);
    ::sigaction(SIGTERM, &action, &old_terminate_);
  }
  ~interrupt_guard() {
    ::sigaction(SIGINT, &old_interrupt_, nullptr);
    ::sigaction(SIGTERM, &old_terminate_, nullptr);
  }
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;

private:
  struct sigaction old_interrupt_ {
  }, old_terminate_{};
};

result<run_record> run_simulated(const plan& p, solution how, std::uint32_t repetition,
                                 const run_progress& progress) {
  sim_options options;
  options.repetition = repetition;
  options.progress = progress;
  return simulate(p, how, options);
}

result<run_record> run_with_nodes(const plan& p, solution how, std::uint32_t repetition,
                                  const run_progress& progress) {
  live_options options;
  options.repetition = repetition;
  // A run's preparations belong to no moment of it.
  options.progress = [&](const live_progress& at) {
    progress(std::clamp(p.duration - at.left_s, 0.0, p.duration));
  };
  return run_live(p, how, options);
}

/// The file, and over it what the command line set.
std::string text_of(const experiment_source& source) {
  std::string out;
  for (const auto& setting : source.settings) out += "# --set " + printable(setting, 4096) + "\n";
  return out + source.text;
}

std::vector<fact> made_by(const compare_options& o, double seconds) {
  std::string command = "interswarm compare " + o.experiment + " --out " + o.folder;
  for (const auto& setting : o.settings) command += " --set " + setting;
  utsname machine{};
  ::uname(&machine);
  const auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {{"machine", std::string(machine.sysname) + " " + machine.release + ", " +
                          machine.machine + ", " +
                          std::to_string(std::thread::hardware_concurrency()) + " cores"},
          {"command", printable(command, 4096)},
          {"jobs", std::to_string(o.jobs)},
          {"date", date},
          {"time taken", std::to_string(static_cast<long>(seconds)) + " s"}};
}

comparison begin_comparison(const experiment& e) {
  comparison out;
  out.title = e.name;
  out.description = e.question;
  out.live = e.how == engine::live;
  out.experiment = text_of(*e.source);
  for (const auto& axis : e.sweep) out.swept += (out.swept.empty() ? "" : ", ") + axis.key;
  out.versions = {{"interswarm", "0.1.0"}, {"compiler", __VERSION__}};
  return out;
}

result<void> run_compare(const compare_options& o) {
  auto settings = o.settings;
  if (!o.engine.empty()) settings.push_back("engine=" + o.engine);
  const auto e = read_experiment(o.experiment, std::move(settings));
  if (!e) return tl::unexpected(e.error());
  const auto variants = expand(*e);
  if (!variants) return tl::unexpected(variants.error());
  if (auto ok = prepare_report_folder(o.folder); !ok) return ok;

  const auto begin = std::chrono::steady_clock::now();
  auto all = begin_comparison(*e);
  const interrupt_guard guard;
  {
    progress_line line(e->name + ": " +
                       std::to_string(variants->size() * e->seeds.size() * e->solutions.size()) +
                       " runs");
    batch_options options;
    const bool live = e->how == engine::live;
    // One at a time: they would measure each other, and a live run is not for several threads.
    options.jobs = live ? 1 : o.jobs;
    options.progress = [&line](double share) {
      line.show(share);
      return interrupted == 0;
    };
    auto done = run_batch(*variants, live ? run_with_nodes : run_simulated, options);
    if (!done && done.error().code == errc::cancelled)
      return fail(errc::cancelled, "interrupted; no report was written");
    if (!done) return tl::unexpected(done.error());
    all.variants = std::move(*done);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  all.made = made_by(o, taken.count());
  if (auto ok = write_report(all, o.folder); !ok) return ok;
  std::cout << results_text(all) << "\n" << printable(o.folder, 4096) << "/report.html\n";
  std::cout.flush();
  if (!std::cout) return fail(errc::io, "cannot write to standard output");
  return {};
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
  sub->add_option("--jobs", o->jobs, "simulated repetitions at once")
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
