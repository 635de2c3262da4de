#include "modes/compare/live/run_live.hpp"

#include "modes/compare/live/children.hpp"
#include "modes/compare/live/client_program.hpp"
#include "modes/compare/live/director.hpp"
#include "modes/compare/live/guardian.hpp"
#include "modes/compare/live/lab_plan.hpp"
#include "modes/compare/live/record_file.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace interswarm::compare {

namespace {

using clock = std::chrono::steady_clock;

/// For everything but the plan's own time: contents of many GiB are made and published.
constexpr auto most_around = std::chrono::minutes(40);

/// A folder that goes with its owner.
class own_folder {
public:
  static result<own_folder> make(const std::string& where, bool keep) {
    std::error_code code;
    auto base = where.empty() ? std::filesystem::temp_directory_path(code)
                              : std::filesystem::absolute(where, code);
    auto pattern = (base / "interswarm-live-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      return fail(errc::io,
                  base.string() + ": no folder can be made there: " + std::strerror(errno));
    return own_folder(pattern, keep);
  }
  own_folder(own_folder&& other) noexcept
      : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}
  own_folder& operator=(own_folder&&) = delete;
  ~own_folder() {
    std::error_code code;
    if (!path_.empty() && !keep_) std::filesystem::remove_all(path_, code);
  }
  const std::string& path() const { return path_; }

private:
  own_folder(std::string path, bool keep) : path_(std::move(path)), keep_(keep) {}
  std::string path_;
  bool keep_;
};

/// Takes SIGINT, SIGTERM and SIGHUP while it lives.
class signal_watch {
public:
  signal_watch() {
    sigemptyset(&mine_);
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&mine_, s);
    ::sigprocmask(SIG_BLOCK, &mine_, &before_);
    fd_ = ::signalfd(-1, &mine_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~signal_watch() {
    // What came is ours: it must not end the process when the mask goes.
    signalfd_siginfo info{};
    while (::read(fd_, &info, sizeof info) > 0) {
    }
    ::close(fd_);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  int fd() const { return fd_; }

private:
  sigset_t mine_;
  sigset_t before_;
  int fd_ = -1;
};

std::size_t threads_here() {
  std::error_code code;
  std::size_t out = 0;
  for (std::filesystem::directory_iterator i("/proc/self/task", code), end; !code && i != end;
       i.increment(code))
    ++out;
  return out;
}

result<void> check_machine(const plan& p) {
  for (const char* tool : {"ip", "tc", "nft"})
    if (!has_program(tool))
      return fail(errc::configuration, std::string("the live engine needs `") + tool +
                                           "`: install iproute2 and nftables");
  for (const auto& peer : p.peers)
    for (const auto& tool : tools_of(peer.client))
      if (!has_program(tool))
        return fail(errc::configuration, "the experiment has " + peer.client +
                                             " among its peers: `" + tool + "` is not installed");
  if (threads_here() > 1)
    return fail(errc::internal, "a live run must be started before any thread");
  return {};
}

std::string this_program() {
  std::error_code code;
  return std::filesystem::read_symlink("/proc/self/exe", code).string();
}

/// Reads reports until the guardian has ended or the run has to.
class wait_for_end {
public:
  wait_for_end(const guardian& g, const live_options& o, clock::time_point until)
      : guardian_(g), options_(o), until_(until) {}

  result<void> wait() {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until_ - clock::now());
      if (left.count() <= 0)
        return fail(errc::timed_out, "the run took much longer than its plan" + last_word());
      pollfd fds[] = {{guardian_.reports(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
      if (::poll(fds, 2, static_cast<int>(std::min<long>(left.count(), 1000)) + 1) < 0) continue;
      if (fds[1].revents != 0) return fail(errc::cancelled, "the run was stopped");
      if (fds[0].revents == 0) continue;
      char buffer[4096];
      const auto n = ::read(guardian_.reports(), buffer, sizeof buffer);
      if (n <= 0) break;
      take({buffer, static_cast<std::size_t>(n)});
    }
    if (failure_) return tl::unexpected(*failure_);
    return {};
  }

private:
  std::string last_word() const { return last_.empty() ? "" : "; it was " + last_; }

  void take(std::string_view text) {
    rest_ += text;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      const auto said = parse_report(rest_.substr(0, end));
      rest_.erase(0, end + 1);
      if (!said) continue;
      if (const auto* const e = std::get_if<error>(&*said)) {
        failure_ = *e;
      } else {
        last_ = std::get<live_progress>(*said).what;
        if (options_.progress) options_.progress(std::get<live_progress>(*said));
      }
    }
  }

  const guardian& guardian_;
  const live_options& options_;
  clock::time_point until_;
  signal_watch signals_;
  std::string rest_;
  std::string last_;
  std::optional<error> failure_;
};

} // namespace

result<run_record> run_live(const plan& p, solution how, const live_options& options) {
  if (const auto possible = lay_out(p, how); !possible) return tl::unexpected(possible.error());
  if (auto ok = check_machine(p); !ok) return tl::unexpected(ok.error());
  auto folder = own_folder::make(options.folder, options.keep_files);
  if (!folder) return tl::unexpected(folder.error());
  director_scene scene;
  scene.what = &p;
  scene.how = how;
  scene.repetition = options.repetition;
  scene.program = options.program.empty() ? this_program() : options.program;
  scene.folder = folder->path();
  auto guard = guardian::start(
      [&scene](int reports) {
        scene.reports = reports;
        return direct(scene);
      },
      options.keep_files ? std::string() : folder->path());
  if (!guard) return tl::unexpected(guard.error());
  const auto until =
      clock::now() + most_around +
      std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(p.duration));
  if (const auto ended = wait_for_end(*guard, options, until).wait(); !ended)
    return tl::unexpected(ended.error());
  return read_record(record_in(folder->path()));
}

} // namespace interswarm::compare
