#include "modes/progress.hpp"

#include "schema/base/encoding.hpp"

#include <cstdio>
#include <unistd.h>

namespace interswarm {

progress_line::progress_line(const std::string& what)
    : what_(printable(what, 60)), terminal_(::isatty(STDERR_FILENO) == 1) {}

progress_line::~progress_line() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

bool progress_line::is_due(double& seconds) {
  const auto now = clock::now();
  if (!terminal_ || now < next_) return false;
  next_ = now + std::chrono::milliseconds(200);
  shown_ = true;
  seconds = std::chrono::duration<double>(now - begin_).count();
  return true;
}

void progress_line::show(std::uint64_t done, std::uint64_t total) {
  double seconds = 0;
  if (!is_due(seconds)) return;
  const auto rate = static_cast<double>(done) / seconds;
  const auto left = rate > 0 && total > done ? static_cast<double>(total - done) / rate : 0;
  std::fprintf(stderr, "\r\x1b[K%s  %3.0f %%  %.0f MiB/s  %.0f s left", what_.c_str(),
               total == 0 ? 100.0 : 100.0 * static_cast<double>(done) / static_cast<double>(total),
               rate / (1 << 20), left);
  std::fflush(stderr);
}

void progress_line::show(double share) {
  double seconds = 0;
  if (!is_due(seconds)) return;
  std::fprintf(stderr, "\r\x1b[K%s  %3.0f %%", what_.c_str(), 100 * share);
  if (share > 0) std::fprintf(stderr, "  %.0f s left", seconds / share * (1 - share));
  std::fflush(stderr);
}

} // namespace interswarm
