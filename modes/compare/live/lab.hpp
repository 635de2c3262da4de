#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/counters.hpp"

namespace interswarm::compare {

/// The namespaces and cables of one run. Nothing of it is on the machine's own network, and the
/// kernel removes it with the last process inside. For a process without other threads that is in
/// namespaces of its own (see run_live.cpp).
class lab {
public:
  /// Fails `io` or `denied` with the command that the kernel refused.
  static result<lab> build(const lab_plan& what);

  const lab_plan& what() const { return *what_; }
  /// For children.hpp.
  int network_of(std::size_t site) const { return sites_[site]->fd; }
  int lines_network() const { return lines_->fd; }

  /// Everything that was counted so far; takes about 20 ms a site.
  result<lab_counts> read(const board& shared) const;
  result<site_counts> read_site(std::size_t site) const;
  /// Nothing leaves a site any more, nor is it counted. What is read once all packets on their way
  /// have come belongs together, though one site is read after another.
  result<void> silence_all() const;
  /// They may send again; that is not counted any more.
  result<void> end_silence() const;

private:
  struct held_fd {
    explicit held_fd(int f) : fd(f) {}
    ~held_fd();
    int fd;
  };
  using held = std::shared_ptr<held_fd>;
  static result<held> make_namespace();
  result<void> lay_cables();
  result<void> set_up_site(std::size_t index);
  result<void> tell_all(const std::string& rules) const;

  const lab_plan* what_ = nullptr;
  std::vector<held> sites_;
  held lines_;
};

} // namespace interswarm::compare
