#include "tests/rados/cluster.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

std::string shell(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string said;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    said.append(buffer.data(), got);
  if (::pclose(pipe) != 0) throw std::runtime_error(command + ": " + said);
  return said;
}

std::string new_uuid() {
  std::string out;
  std::ifstream("/proc/sys/kernel/random/uuid") >> out;
  return out;
}

} // namespace

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("no free port");
  ::close(fd);
  return ntohs(address.sin_port);
}

rados_cluster::rados_cluster() {
  try {
    begin();
  } catch (...) {
    end_all();
    throw;
  }
}

rados_cluster::~rados_cluster() { end_all(); }

void rados_cluster::begin() {
  for (const auto* name : {"CEPH_ARGS", "CEPH_CONF", "CEPH_KEYRING"}) ::unsetenv(name);
  const auto cluster = new_uuid();
  const auto monitor = "[v2:127.0.0.1:" + std::to_string(free_port()) + "/0]";
  write_config(cluster, monitor);
  make_keys();
  const auto config = " -c " + config_file();
  const auto map = scratch_.file("monmap");
  shell("monmaptool --create --addv a '" + monitor + "' --fsid " + cluster + " " + map);
  shell("ceph-mon -i a --mkfs" + config + " --monmap " + map + " --keyring " +
        scratch_.file("keyring"));
  monitor_ = start({"ceph-mon", "-i", "a", "-f", "-c", config_file()});
  run("ceph", "auth import -i " + scratch_.file("keyring"));
  manager_ = start({"ceph-mgr", "-i", "a", "-f", "-c", config_file()});
  const auto uuid = new_uuid();
  run("ceph", "osd new " + uuid);
  shell("ceph-osd -i 0 --mkfs --osd-uuid " + uuid + config);
  run("ceph", std::string("osd pool create ") + pool + " 8");
  run("ceph", std::string("osd pool application enable ") + pool + " interswarm");
  start_osd();
}

void rados_cluster::end_all() {
  for (auto* daemon : {&osd_, &manager_, &monitor_}) end(*daemon, SIGKILL);
}

void rados_cluster::write_config(const std::string& cluster, const std::string& monitor) const {
  const auto here = [&](const char* name) { return scratch_.file(name); };
  std::ofstream(config_file())
      << "[global]\nfsid = " << cluster << "\nmon initial members = a\n"
      << "mon host = " << monitor << "\npublic addr = 127.0.0.1\n"
      << "keyring = " << here("keyring") << "\nrun dir = " << scratch_.path() << "\n"
      << "mon data = " << here("mon") << "\nmon data avail crit = 1\nmgr data = " << here("mgr")
      << "\nosd data = " << here("osd") << "\nosd pool default size = 1\n"
      << "osd pool default min size = 1\nmon allow pool size one = true\n"
      << "osd objectstore = bluestore\nbluestore block size = 4294967296\n"
      << "bluestore debug inject read err = true\nosd scrub load threshold = 0\n"
      << "[mon]\nlog file = " << here("mon.log") << "\nadmin socket = " << here("mon.asok")
      << "\n[mgr]\nlog file = " << here("mgr.log") << "\nadmin socket = " << here("mgr.asok")
      << "\n[osd]\nlog file = " << here("osd.log") << "\nadmin socket = " << here("osd.asok")
      << "\n[client]\nlog file = /dev/null\nadmin socket =\n";
  for (const auto* folder : {"mon", "mgr", "osd"}) std::filesystem::create_directory(here(folder));
}

void rados_cluster::make_keys() const {
  const auto tool = "ceph-authtool " + scratch_.file("keyring");
  const auto add = [&](const std::string& who, const std::string& caps) {
    shell(tool + " --gen-key -n " + who + caps);
  };
  shell(tool + " --create-keyring");
  add("mon.", " --cap mon 'allow *'");
  add("client.admin", " --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'");
  add("mgr.a", " --cap mon 'allow profile mgr' --cap osd 'allow *'");
  add("osd.0", " --cap mon 'allow profile osd' --cap mgr 'allow profile osd' --cap osd 'allow *'");
  // As the operator's page tells to make one.
  add("client.node",
      std::string(" --cap mon 'allow r' --cap osd 'allow rwx pool=") + pool + " namespace=node-*'");
}

std::string rados_cluster::run(const std::string& program, const std::string& arguments) const {
  return shell("timeout 60 " + program + " -c " + config_file() + " " + arguments);
}

pid_t rados_cluster::start(const std::vector<std::string>& command) const {
  std::vector<char*> arguments;
  for (const auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  const auto said = scratch_.file(command.front() + ".said");
  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int out = ::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

void rados_cluster::end(pid_t& daemon, int signal) {
  if (daemon <= 0) return;
  ::kill(daemon, signal);
  for (int i = 0; i < 200; ++i) {
    if (::waitpid(daemon, nullptr, WNOHANG) != 0) {
      daemon = 0;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  end(daemon, SIGKILL);
}

void rados_cluster::end_osd(int signal) { end(osd_, signal); }

void rados_cluster::start_osd() {
  osd_ = start({"ceph-osd", "-i", "0", "-f", "-c", config_file()});
  run("rados", std::string("--objecter-timeout 1 --objecter-tick-interval 1 -p ") + pool +
                   " put probe /dev/null");
}

rados_cluster& the_cluster() {
  // When it does not come up, not each case should wait for that.
  static std::string failure;
  static const auto one = [] {
    try {
      return std::make_unique<rados_cluster>();
    } catch (const std::exception& e) {
      failure = e.what();
      return std::unique_ptr<rados_cluster>();
    }
  }();
  if (!one) throw std::runtime_error(failure);
  return *one;
}
