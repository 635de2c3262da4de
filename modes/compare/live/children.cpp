#include "modes/compare/live/children.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <set>
#include <sstream>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace interswarm::compare {

namespace {

constexpr std::size_t most_output = std::size_t{16} << 20;

tl::unexpected<error> system_error(const std::string& what) {
  return fail(errc::io, what + ": " + std::strerror(errno));
}

/// In the new process: what was set for the parent alone does not hold here.
void settle_in(int network) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) std::signal(s, SIG_DFL);
  if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) ::_exit(126);
}

void redirect(int in, int out, int err) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(in >= 0 ? in : nothing, 0);
  ::dup2(out >= 0 ? out : nothing, 1);
  ::dup2(err >= 0 ? err : nothing, 2);
}

[[noreturn]] void execute(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

int open_log(const std::string& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/// Of a regular file, without its holes.
std::uint64_t bytes_on_disk(const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return 0;
  return std::min<std::uint64_t>(static_cast<std::uint64_t>(info.st_blocks) * 512,
                                 static_cast<std::uint64_t>(info.st_size));
}

struct pipe_ends {
  int read = -1;
  int write = -1;

  bool open() {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) != 0) return false;
    read = both[0];
    write = both[1];
    return true;
  }
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  ~pipe_ends() {
    close(read);
    close(write);
  }
};

/// Feeds and drains a program until both its outputs are closed. False when the time is over.
bool converse(pipe_ends& in, pipe_ends& out, pipe_ends& err, std::string_view input,
              std::string& said, std::string& complained, std::chrono::seconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  ::fcntl(in.write, F_SETFL, O_NONBLOCK);
  while (out.read >= 0 || err.read >= 0) {
    if (in.write >= 0 && input.empty()) pipe_ends::close(in.write);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd fds[] = {{in.write, POLLOUT, 0}, {out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
    if (::poll(fds, 3, static_cast<int>(left.count()) + 1) < 0 && errno != EINTR) return false;
    if (fds[0].revents != 0) {
      const auto n = ::write(in.write, input.data(), input.size());
      if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
      if (n < 0 && errno != EAGAIN && errno != EINTR) pipe_ends::close(in.write);
    }
    const auto drain = [](pollfd& p, int& fd, std::string& to) {
      if (p.revents == 0) return;
      char buffer[65536];
      const auto n = ::read(fd, buffer, sizeof buffer);
      if (n > 0 && to.size() < most_output) to.append(buffer, static_cast<std::size_t>(n));
      if (n == 0) pipe_ends::close(fd);
    };
    drain(fds[1], out.read, said);
    drain(fds[2], err.read, complained);
  }
  return true;
}

} // namespace

result<pid_t> start_program(const program_start& what) {
  const int log = open_log(what.log);
  if (log < 0) return system_error(what.log);
  const auto child = ::fork();
  if (child == 0) {
    settle_in(what.network);
    if (::chdir(what.folder.c_str()) != 0) ::_exit(126);
    redirect(-1, log, log);
    execute(what.words);
  }
  ::close(log);
  if (child < 0) return system_error("no process");
  return child;
}

result<pid_t> start_work(const std::function<int()>& work, const std::string& log, int network) {
  const int to = open_log(log);
  if (to < 0) return system_error(log);
  const auto child = ::fork();
  if (child == 0) {
    settle_in(network);
    redirect(-1, to, to);
    ::_exit(work());
  }
  ::close(to);
  if (child < 0) return system_error("no process");
  return child;
}

result<std::string> run_tool(const std::vector<std::string>& words, const std::string& input,
                             int network, std::chrono::seconds limit) {
  pipe_ends in, out, err;
  if (!in.open() || !out.open() || !err.open()) return system_error("no pipe");
  const auto child = ::fork();
  if (child == 0) {
    settle_in(network);
    redirect(in.read, out.write, err.write);
    execute(words);
  }
  if (child < 0) return system_error("no process");
  pipe_ends::close(in.read);
  pipe_ends::close(out.write);
  pipe_ends::close(err.write);
  std::string said, complained;
  const bool in_time = converse(in, out, err, input, said, complained, limit);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time)
    return fail(errc::timed_out,
                words.front() + " did not end within " + std::to_string(limit.count()) + " s");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
  const auto why = complained.empty() ? said : complained;
  return fail(errc::io, std::filesystem::path(words.front()).filename().string() +
                            (words.size() > 1 ? " " + words[1] : "") + " failed: " +
                            (WIFEXITED(status) && WEXITSTATUS(status) == 127
                                 ? "it is not installed"
                                 : printable(why.substr(0, why.find_last_not_of('\n') + 1), 600)));
}

bool has_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  return false;
}

process_use use_of(pid_t process, const std::string& name) {
  process_use out;
  out.name = name;
  const auto folder = "/proc/" + std::to_string(process);
  std::ifstream stat(folder + "/stat");
  std::string line;
  std::getline(stat, line);
  // Fields 14 and 15 (proc(5)); the second one, in parentheses, may hold blanks.
  if (const auto end = line.rfind(')'); end != std::string::npos) {
    std::istringstream rest(line.substr(end + 1));
    std::string skipped;
    for (int i = 3; i < 14; ++i) rest >> skipped;
    double user = 0, system = 0;
    rest >> user >> system;
    out.cpu_s = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  std::ifstream status(folder + "/status");
  while (std::getline(status, line))
    if (line.starts_with("VmHWM:")) out.peak_memory = std::stoull(line.substr(6)) * 1024;
  return out;
}

std::string last_lines(const std::string& file, std::size_t count) {
  std::ifstream in(file);
  std::deque<std::string> kept;
  for (std::string line; std::getline(in, line);) {
    kept.push_back(line);
    if (kept.size() > count) kept.pop_front();
  }
  std::string out;
  for (const auto& line : kept) out += (out.empty() ? "" : " | ") + printable(line, 300);
  return out;
}

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t out = 0;
  std::error_code code;
  // Files come and go meanwhile.
  for (std::filesystem::recursive_directory_iterator i(folder, code), end; !code && i != end;
       i.increment(code)) {
    struct stat info {};
    if (::lstat(i->path().c_str(), &info) == 0) out += bytes_on_disk(info);
  }
  return out;
}

std::uint64_t nameless_bytes_of(pid_t process, const std::string& folder) {
  std::uint64_t out = 0;
  std::error_code code;
  const auto open = "/proc/" + std::to_string(process) + "/fd";
  std::set<std::pair<dev_t, ino_t>> seen;
  for (std::filesystem::directory_iterator i(open, code), end; !code && i != end;
       i.increment(code)) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(i->path(), gone).string();
    struct stat info {};
    if (!gone && target.starts_with(folder + "/") && target.ends_with(" (deleted)") &&
        ::stat(i->path().c_str(), &info) == 0 && seen.emplace(info.st_dev, info.st_ino).second)
      out += bytes_on_disk(info);
  }
  return out;
}

} // namespace interswarm::compare
