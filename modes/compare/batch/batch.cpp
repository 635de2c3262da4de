#include "modes/compare/batch/batch.hpp"

#include "modes/compare/experiment/draw.hpp"
#include "modes/compare/measure/metric.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

namespace interswarm::compare {

namespace {

/// Work grows with the peers; what a run still has to do, with the time that is left.
double weight_of(const experiment& e) {
  double peers = 0;
  for (const auto& o : e.overlays) peers += o.peers.count;
  return peers * e.duration * static_cast<double>(e.solutions.size());
}

class batch {
public:
  batch(const std::vector<variant>& variants, const run_engine& run, const batch_options& options)
      : variants_(variants), run_(run), options_(options), runs_(variants.size()) {
    for (std::size_t v = 0; v < variants.size(); ++v) {
      for (std::uint32_t r = 0; r < variants[v].what.seeds.size(); ++r) tasks_.push_back({v, r});
      total_ += weight_of(variants[v].what) * static_cast<double>(variants[v].what.seeds.size());
    }
  }

  result<std::vector<variant_summary>> work() {
    std::vector<std::thread> helpers;
    const auto jobs = std::min<std::size_t>(std::max(1u, options_.jobs), tasks_.size());
    for (std::size_t i = 1; i < jobs; ++i) helpers.emplace_back([this] { take_tasks(); });
    take_tasks();
    for (auto& helper : helpers) helper.join();
    if (failure_) return tl::unexpected(*failure_);
    return summaries();
  }

private:
  struct task {
    std::size_t variant;
    std::uint32_t repetition;
  };

  void take_tasks() {
    for (;;) {
      task t{};
      {
        const std::scoped_lock lock(mutex_);
        if (failure_ || next_ == tasks_.size()) return;
        t = tasks_[next_++];
      }
      if (auto ok = run_task(t); !ok) {
        const std::scoped_lock lock(mutex_);
        // The others are cancelled because of the first.
        if (!failure_) failure_ = ok.error();
      }
    }
  }

  result<void> run_task(const task& t) {
    const auto& v = variants_[t.variant];
    const auto seed = v.what.seeds[t.repetition];
    const auto plan = draw(v.what, seed);
    if (!plan) return tl::unexpected(plan.error());
    const auto weight = weight_of(v.what) / static_cast<double>(v.what.solutions.size());
    for (const auto how : v.what.solutions) {
      double told = 0;
      const auto progress = [&](moment at) {
        const auto share = std::clamp(at / v.what.duration, told, 1.0);
        const bool go_on = advance((share - told) * weight);
        told = share;
        return go_on;
      };
      auto record = run_(*plan, how, t.repetition, progress);
      if (!record) return explained(record.error(), v, how, seed);
      auto summary = measure(*plan, *record);
      if (!summary) return explained(summary.error(), v, how, seed);
      if (!progress(v.what.duration)) return fail(errc::cancelled, "interrupted");
      const std::scoped_lock lock(mutex_);
      runs_[t.variant].push_back(std::move(*summary));
    }
    return {};
  }

  static tl::unexpected<error> explained(const error& e, const variant& v, solution how,
                                         std::uint64_t seed) {
    if (e.code == errc::cancelled) return fail(e.code, e.text);
    return fail(e.code, (v.settings.empty() ? "" : v.label() + ", ") + std::string(word(how)) +
                            ", seed " + std::to_string(seed) + ": " + e.text);
  }

  bool advance(double by) {
    const std::scoped_lock lock(mutex_);
    over_ += by;
    if (!failure_ && options_.progress && !options_.progress(std::min(1.0, over_ / total_)))
      failure_ = error{errc::cancelled, "interrupted"};
    return !failure_;
  }

  result<std::vector<variant_summary>> summaries() {
    std::vector<variant_summary> out;
    for (std::size_t v = 0; v < variants_.size(); ++v) {
      const auto& settings = variants_[v].settings;
      // Drawn anew, since keeping it would take its memory all the time.
      const auto like = draw(variants_[v].what, variants_[v].what.seeds.front());
      if (!like) return tl::unexpected(like.error());
      const auto at = settings.size() == 1 ? settings.front().number : std::nullopt;
      out.push_back(compare_runs(variants_[v].label(), at, *like, std::move(runs_[v])));
    }
    return out;
  }

  const std::vector<variant>& variants_;
  const run_engine& run_;
  const batch_options& options_;
  std::vector<task> tasks_;
  double total_ = 0;

  std::mutex mutex_; // of all below
  std::size_t next_ = 0;
  double over_ = 0;
  std::optional<error> failure_;
  std::vector<std::vector<run_summary>> runs_; // by variant, in the order in which they end
};

} // namespace

result<std::vector<variant_summary>> run_batch(const std::vector<variant>& variants,
                                               const run_engine& run,
                                               const batch_options& options) {
  return batch(variants, run, options).work();
}

} // namespace interswarm::compare
