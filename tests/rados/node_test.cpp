// A node of SOA mode whose chunks are in the cluster.
#include "tests/catch.hpp"
#include "tests/rados/cluster.hpp"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr std::size_t content_bytes = 10'000'000; // three chunks

/// `interswarm --mode soa`, all roles in one process.
class soa_node {
public:
  explicit soa_node(const scratch_folder& scratch) : scratch_(scratch) {
    std::ofstream(scratch.file("node.toml"))
        << "[node]\ndomain = \"node-soa\"\ndata = \"" << scratch.file("data") << "\"\nlisten = \""
        << address_ << "\"\n[cluster]\ncopies = 1\n"
        << "[storage]\nrados_pool = \"" << rados_cluster::pool
        << "\"\nrados_user = \"node\"\nrados_config = \"" << the_cluster().config_file()
        << "\"\nrados_operation_limit = 4\n";
    start();
  }
  ~soa_node() { end(SIGKILL); }

  void start() {
    const auto parent = ::getpid();
    process_ = ::fork();
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int out =
        ::open(scratch_.file("said").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    const auto config = scratch_.file("node.toml");
    ::execl(INTERSWARM_PROGRAM, "interswarm", "--mode", "soa", "--config", config.c_str(), nullptr);
    ::_exit(127);
  }
  void end(int signal) {
    if (process_ <= 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  /// Runs a command of the program at this node, again while the node is on its way up.
  bool run(const std::string& command) const {
    const auto line = std::string("timeout 60 ") + INTERSWARM_PROGRAM + " " + command + " --node " +
                      address_ + " >> " + scratch_.file("said") + " 2>&1";
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    while (std::system(line.c_str()) != 0) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return true;
  }
  std::string said() const {
    std::ifstream in(scratch_.file("said"));
    return {std::istreambuf_iterator<char>(in), {}};
  }

private:
  const scratch_folder& scratch_;
  const std::string address_ = "127.0.0.1:" + std::to_string(free_port());
  pid_t process_ = 0;
};

std::string file_text(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

TEST_CASE("what a node published into the cluster is there after kill -9") {
  const scratch_folder scratch;
  const auto content = chunk_content(content_bytes, 5);
  std::ofstream(scratch.file("film"), std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  soa_node node(scratch);
  INFO(scratch.path());
  const bool published = node.run("publish " + scratch.file("film") + " --tenant studio");
  INFO(node.said());
  REQUIRE(published);
  const auto objects = the_cluster().run("rados", "-p chunks -N node-soa ls");
  REQUIRE(std::count(objects.begin(), objects.end(), '\n') == 4); // with the lock
  node.end(SIGKILL);
  node.start();
  const auto link = node.said().substr(node.said().find("ed2k://"));
  REQUIRE(node.run("fetch '" + link.substr(0, link.find_first_of(" \n")) + "' -o " +
                   scratch.file("got")));
  REQUIRE(file_text(scratch.file("got")) == file_text(scratch.file("film")));
  node.end(SIGTERM);
}
