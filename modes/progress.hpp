#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace interswarm {

/// One line about long work on the terminal, rewritten at most five times a second; silent when
/// standard error is no terminal or the work is done within half a second.
class progress_line {
public:
  explicit progress_line(const std::string& what);
  /// Removes the line.
  ~progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  /// Bytes.
  void show(std::uint64_t done, std::uint64_t total);
  /// Of other work, 0 to 1.
  void show(double share);

private:
  /// Whether it is time; then `seconds` have passed.
  bool is_due(double& seconds);

  using clock = std::chrono::steady_clock;
  std::string what_;
  bool terminal_;
  bool shown_ = false;
  clock::time_point begin_ = clock::now();
  clock::time_point next_ = begin_ + std::chrono::milliseconds(500);
};

} // namespace interswarm
