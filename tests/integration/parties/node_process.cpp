#include "tests/integration/parties/node_process.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ::bind(s, reinterpret_cast<sockaddr*>(&at), size);
  ::getsockname(s, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(s);
  return ntohs(at.sin_port);
}

/// Starts the program under test; what it says goes into the file. It ends with the test.
pid_t start(std::vector<std::string> words, const std::string& log) {
  words.insert(words.begin(), {"/usr/bin/setpriv", "--pdeathsig", "KILL", INTERSWARM_BINARY});
  std::vector<char*> arguments;
  for (auto& w : words) arguments.push_back(w.data());
  arguments.push_back(nullptr);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const auto child = ::fork();
  if (child != 0) {
    ::close(out);
    return child;
  }
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// `["a", "b"]`, of names that need no escapes.
std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& n : names) out += (out.empty() ? "\"" : ", \"") + n + "\"";
  return "[" + out + "]";
}

} // namespace

node_process::node_process(std::string name, const std::string& role, const membership& cluster)
    : name_(std::move(name)), port_(free_port()) {
  const auto file = folder_.file("node.toml");
  std::ofstream(file) << "[node]\ndomain = \"" << name_ << "\"\ndata = \"" << folder_.file("data")
                      << "\"\nlisten = \"" << address() << "\"\nkeys = \"" << cluster.keys
                      << "\"\noperators = [\"operator\"]\n\n[cluster]\nroles = " << list({role})
                      << "\nmembers = " << list(cluster.members)
                      << "\njoin = " << list(cluster.join) << "\ncopies = 1\n";
  pid_ = start({"--mode", "soa", "--config", file}, folder_.file("log"));
  wait_until_ready();
}

void node_process::wait_until_ready() {
  for (int i = 0; i < 3000; ++i) {
    if (("\n" + log()).find("\nready\n") != std::string::npos) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill();
  throw std::runtime_error(name_ + " does not come up: " + log());
}

std::string node_process::log() const { return text_of(folder_.file("log")); }

void node_process::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void node_process::freeze() {
  ::kill(pid_, SIGSTOP);
  // Its threads go on until the signal reaches them.
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}
void node_process::thaw() { ::kill(pid_, SIGCONT); }

void make_keys(const std::string& folder, const std::vector<std::string>& names) {
  std::vector<std::string> words{"keys", "--dir", folder};
  words.insert(words.end(), names.begin(), names.end());
  int status = 0;
  ::waitpid(start(words, folder + ".log"), &status, 0);
  if (status != 0) throw std::runtime_error("no keys are made: " + text_of(folder + ".log"));
}
