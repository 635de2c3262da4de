#include "modes/command.hpp"
#include "modes/compare/batch/batch.hpp"
#include "modes/compare/live/run_live.hpp"
#include "modes/compare/report/calibration_file.hpp"
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
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace interswarm {

namespace {

using namespace compare;

struct compare_options {
  std::string experiment;
  std::string folder;
  std::string engine;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> settings;
  bool calibrate = false;
  std::string keep;
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

result<run_record> run_with_nodes(const std::string& keep, const plan& p, solution how,
                                  std::uint32_t repetition, const run_progress& progress) {
  live_options options;
  options.folder = keep;
  options.keep_files = !keep.empty();
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
  std::string typed = "interswarm compare " + o.experiment + " --out " + o.folder;
  if (!o.engine.empty()) typed += " --engine " + o.engine;
  if (o.calibrate) typed += " --calibrate";
  for (const auto& setting : o.settings) typed += " --set " + setting;
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
          {"command", printable(typed, 4096)},
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

/// All runs of the variants under one engine.
result<std::vector<variant_summary>> run_all(const std::string& name,
                                             const std::vector<variant>& variants, engine how,
                                             const compare_options& o) {
  std::size_t runs = 0;
  for (const auto& v : variants) runs += v.what.seeds.size() * v.what.solutions.size();
  const bool live = how == engine::live;
  progress_line line(name + (live ? ": " : ", simulated: ") + std::to_string(runs) + " runs");
  batch_options options;
  // One at a time: they would measure each other, and a live run is not for several threads.
  options.jobs = live ? 1 : o.jobs;
  options.progress = [&line](double share) {
    line.show(share);
    return interrupted == 0;
  };
  run_engine run = run_simulated;
  if (live)
    run = [&o](const plan& p, solution s, std::uint32_t repetition, const run_progress& progress) {
      return run_with_nodes(o.keep, p, s, repetition, progress);
    };
  auto done = run_batch(variants, run, options);
  if (!done && done.error().code == errc::cancelled)
    return fail(errc::cancelled, "interrupted; no report was written");
  return done;
}

/// Both engines; the report's own figures are the real nodes'.
result<void> calibrate(const experiment& e, const std::vector<variant>& variants,
                       const compare_options& o, comparison& all) {
  if (variants.size() != 1)
    return fail(errc::configuration,
                "--calibrate wants one value of what is swept, such as --set " +
                    e.sweep.front().key + "=…");
  auto real = run_all(e.name, variants, engine::live, o);
  if (!real) return tl::unexpected(real.error());
  const auto simulated = run_all(e.name, variants, engine::sim, o);
  if (!simulated) return tl::unexpected(simulated.error());
  all.calibrated =
      calibration{.experiment = e.name,
                  .repetitions = static_cast<std::uint32_t>(e.seeds.size()),
                  .deviations = deviations_of(simulated->front().runs, real->front().runs)};
  all.live = true;
  all.variants = std::move(*real);
  return {};
}

/// The last one that was made here.
void recall_calibration(comparison& all) {
  auto last = load_calibration(calibration_path());
  if (last) {
    all.calibrated = std::move(*last);
  } else {
    std::cerr << "interswarm compare: the report goes without calibration: "
              << to_string(last.error()) << "\n";
  }
}

void keep_calibration(comparison& all) {
  all.calibrated->made = all.made;
  const auto path = calibration_path();
  const auto kept = path.empty() ? fail(errc::io, "there is no home folder")
                                 : save_calibration(*all.calibrated, path);
  if (!kept)
    std::cerr << "interswarm compare: later reports go without this calibration: "
              << to_string(kept.error()) << "\n";
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 160;
  return size.ws_col;
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
  {
    const interrupt_guard guard;
    if (o.calibrate) {
      if (auto ok = calibrate(*e, *variants, o, all); !ok) return ok;
    } else {
      auto done = run_all(e->name, *variants, e->how, o);
      if (!done) return tl::unexpected(done.error());
      all.variants = std::move(*done);
    }
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  all.made = made_by(o, taken.count());
  if (o.calibrate)
    keep_calibration(all);
  else
    recall_calibration(all);
  if (auto ok = write_report(all, o.folder); !ok) return ok;
  const auto columns = terminal_columns();
  std::cout << results_text(all, columns) << "\n";
  if (o.calibrate) std::cout << calibration_text(*all.calibrated, columns) << "\n";
  std::cout << printable(o.folder, 4096) << "/report.html\n";
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
  auto* engine = sub->add_option("--engine", o->engine,
                                 "instead of the experiment's: virtual time or real nodes")
                     ->check(CLI::IsMember({"sim", "live"}));
  sub->add_flag("--calibrate", o->calibrate,
                "run it under both engines and show how far they are apart, in this report and in "
                "later ones")
      ->excludes(engine);
  sub->add_option("--keep", o->keep,
                  "folder in which real nodes' configurations, logs and data stay")
      ->check(CLI::ExistingDirectory);
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
