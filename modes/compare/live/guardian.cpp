#include "modes/compare/live/guardian.hpp"

#include "modes/compare/live/report_line.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace interswarm::compare {

namespace {

constexpr int no_namespaces = 90;

void say(int to, const error& e) {
  const auto line = to_line(e) + "\n";
  (void)!::write(to, line.data(), line.size());
}

void write_map(const char* file, const std::string& text) { std::ofstream(file) << text; }

/// For everything below. Root needs no user namespace, but may be one that the kernel refuses.
bool own_namespaces() {
  constexpr int flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID;
  const auto user = std::to_string(::getuid()), group = std::to_string(::getgid());
  if (::getuid() == 0 && ::unshare(flags) == 0) return true;
  if (::unshare(flags | CLONE_NEWUSER) != 0) return false;
  // user_namespaces(7): a group may be mapped only where groups cannot be changed any more.
  write_map("/proc/self/setgroups", "deny");
  write_map("/proc/self/uid_map", "0 " + user + " 1");
  write_map("/proc/self/gid_map", "0 " + group + " 1");
  return true;
}

/// The first process of the PID namespace.
int first_process(const std::function<int(int)>& work, int reports) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("proc", "/proc", "proc", 0, nullptr) != 0) {
    say(reports, {errc::configuration, std::string("no /proc of its own can be had here: ") +
                                           std::strerror(errno) +
                                           "; run outside of a container, or as root"});
    return no_namespaces;
  }
  return work(reports);
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 1; }

/// Until the first process or whoever started us has ended.
int watch(pid_t first, int lifeline) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, first, 0));
  pollfd fds[] = {{process, POLLIN, 0}, {lifeline, 0, 0}};
  while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
  ::kill(first, SIGKILL);
  int status = 0;
  while (::waitpid(first, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_code_of(status);
}

int guard(const std::function<int(int)>& work, int reports, int lifeline,
          const std::string& folder) {
  // What the terminal sends its processes is not for us: whoever started us decides.
  ::setpgid(0, 0);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) std::signal(s, SIG_IGN);
  if (!own_namespaces()) {
    say(reports,
        {errc::configuration,
         std::string("the kernel gives no namespaces to this user (") + std::strerror(errno) +
             "): run as root, or allow them (sysctl kernel.unprivileged_userns_clone=1, "
             "or kernel.apparmor_restrict_unprivileged_userns=0)"});
    return no_namespaces;
  }
  const auto first = ::fork();
  if (first == 0) {
    ::close(lifeline);
    ::_exit(first_process(work, reports));
  }
  if (first < 0) {
    say(reports, {errc::io, std::string("no process: ") + std::strerror(errno)});
    return 1;
  }
  ::close(reports);
  const int code = watch(first, lifeline);
  // Whoever started us reads what is there before it lets go.
  pollfd alive{lifeline, 0, 0};
  while (::poll(&alive, 1, -1) < 0 && errno == EINTR) {
  }
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  return code;
}

} // namespace

result<guardian> guardian::start(const std::function<int(int reports)>& work,
                                 const std::string& folder) {
  int reports[2], life[2];
  if (::pipe2(reports, O_CLOEXEC) != 0)
    return fail(errc::io, std::string("no pipe: ") + std::strerror(errno));
  if (::pipe2(life, O_CLOEXEC) != 0) {
    ::close(reports[0]);
    ::close(reports[1]);
    return fail(errc::io, std::string("no pipe: ") + std::strerror(errno));
  }
  const auto child = ::fork();
  if (child == 0) {
    ::close(reports[0]);
    ::close(life[1]);
    ::_exit(guard(work, reports[1], life[0], folder));
  }
  ::close(reports[1]);
  ::close(life[0]);
  if (child < 0) {
    ::close(reports[0]);
    ::close(life[1]);
    return fail(errc::io, std::string("no process: ") + std::strerror(errno));
  }
  return guardian(child, reports[0], life[1]);
}

guardian::guardian(guardian&& other) noexcept
    : process_(std::exchange(other.process_, -1)), reports_(std::exchange(other.reports_, -1)),
      lifeline_(std::exchange(other.lifeline_, -1)) {}

guardian::~guardian() { stop(); }

void guardian::stop() {
  if (process_ < 0) return;
  ::close(lifeline_);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::close(reports_);
  process_ = reports_ = lifeline_ = -1;
}

} // namespace interswarm::compare
