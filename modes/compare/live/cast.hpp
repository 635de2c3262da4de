#pragma once

#include "modes/compare/live/assemble.hpp"
#include "modes/compare/live/children.hpp"
#include "modes/compare/live/contents.hpp"
#include "modes/compare/live/lab.hpp"

#include <chrono>

namespace interswarm::compare {

/// The nodes of a run, each a process of the program: trackers that are there already, and those of
/// the solution.
class cast {
public:
  struct scene {
    const plan* what = nullptr;
    solution how = solution::isolated;
    const lab* where = nullptr;
    std::string program;
    /// The run's own folder.
    std::string folder;
  };
  explicit cast(scene s) : scene_(std::move(s)) {}

  /// Makes certificates and configurations, starts everything and waits until it is ready. Fails
  /// with a node's last words.
  result<void> start();
  /// What operators and providers do before the clock starts: names are linked, or contents
  /// published. `progress` as in make_contents.
  result<void> prepare(const std::vector<live_content>& contents, const share_done& progress);

  /// A fault's begin and end: as a power cut, and as somebody's start.
  void kill(site_role role, std::uint32_t number);
  result<void> revive(site_role role, std::uint32_t number);
  /// Starts those that are down and waits for them.
  result<void> revive_all();
  /// Looks after processes; `gone` ended by itself. Fails with its last words if it was a node.
  result<void> ended(pid_t gone);

  /// All ledgers, when both sides agree or after some seconds.
  result<std::vector<ledger_line>> ledgers() const;
  /// Copies of chunks that are missing, by the service node; 0 when it does not say.
  std::uint32_t missing_copies() const;
  /// What the solution's nodes keep on their disks.
  std::uint64_t stored() const;
  /// Looks at how much each uses; call it now and then.
  void measure();
  std::vector<process_use> uses() const;
  deployment deployed() const;

private:
  struct node {
    std::size_t site = 0;
    std::string folder;
    std::string log;
    pid_t process = -1;
    std::uintmax_t log_before = 0;
    /// Of earlier processes, and of this one at the last look.
    process_use earlier;
    process_use now;
  };
  const site& site_of(const node& n) const { return scene_.where->what().sites[n.site]; }
  node* find(site_role role, std::uint32_t number);
  result<void> make_keys() const;
  result<void> launch(node& n);
  result<void> wait_ready(const node& n) const;
  result<void> wait_whole() const;
  result<std::string> ask(const node& n, std::vector<std::string> words, const std::string& as,
                          std::chrono::seconds limit = std::chrono::seconds(60)) const;
  result<void> link(const live_content& c);
  result<void> publish(const std::vector<live_content>& contents);

  scene scene_;
  std::vector<node> nodes_;
  std::vector<std::string> files_;
};

} // namespace interswarm::compare
