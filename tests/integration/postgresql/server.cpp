#include "tests/integration/postgresql/server.hpp"

#include "tests/fresh_database.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string program(const std::string& name) {
  fs::path newest;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql")) {
    const auto at = version.path() / "bin" / name;
    if (fs::exists(at) && at > newest) newest = at;
  }
  if (newest.empty()) throw std::runtime_error("no " + name + ": run tests/install.sh");
  return newest.string();
}

/// Starts a program as postgres if this is root, which a server refuses to run as. It ends with
/// the test.
pid_t spawn(std::vector<std::string> words, const std::string& log) {
  std::vector<std::string> all{"/usr/bin/setpriv", "--pdeathsig", "QUIT"};
  if (::getuid() == 0) {
    for (const auto* word : {"--reuid=postgres", "--regid=postgres", "--clear-groups"})
      all.emplace_back(word);
  }
  for (auto& w : words) all.push_back(std::move(w));
  std::vector<char*> arguments;
  for (auto& w : all) arguments.push_back(w.data());
  arguments.push_back(nullptr);
  const auto child = ::fork();
  if (child != 0) return child;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (::chdir("/") == 0) ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

unsigned free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ::bind(s, reinterpret_cast<sockaddr*>(&at), size);
  ::getsockname(s, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(s);
  return ntohs(at.sin_port);
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> out;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "stat");
    std::string line;
    if (!std::getline(in, line)) continue;
    const auto behind_name = line.rfind(") ");
    if (behind_name == line.npos) continue;
    if (std::atoi(line.c_str() + behind_name + 4) == parent) out.push_back(std::atoi(line.c_str()));
  }
  return out;
}

std::string in_uri(const std::string& text) {
  std::string out;
  char code[4];
  for (const char c : text) {
    std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(c));
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : code;
  }
  return out;
}

} // namespace

postgresql_server::postgresql_server() : data_(folder_.file("data")), port_(free_port()) {
  fs::permissions(folder_.path(), fs::perms{0711});
  const auto password_file = folder_.file("password");
  std::ofstream(password_file) << password();
  fs::create_directory(data_);
  if (::getuid() == 0) {
    const std::string owner = "chown postgres:postgres '" + folder_.path() + "'/*";
    if (std::system(owner.c_str()) != 0) throw std::runtime_error("no user postgres");
  }
  int status = 0;
  ::waitpid(spawn({program("initdb"), "-D", data_, "-U", "tester", "-A", "scram-sha-256",
                   "--pwfile", password_file, "-E", "UTF8", "--locale=C.UTF-8",
                   "--locale-provider=icu", "--icu-locale=en-US", "--no-sync"},
                  folder_.file("initdb.log")),
            &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed");
  start();
}

postgresql_server::~postgresql_server() { kill(); }

void postgresql_server::start() {
  pid_ = spawn({program("postgres"), "-D", data_, "-p", std::to_string(port_), "-c",
                "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
                "max_connections=50", "-c", "recovery_init_sync_method=syncfs"},
               folder_.file("server.log"));
  for (int i = 0; i < 300; ++i) {
    if (PQping(uri().c_str()) == PQPING_OK) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw std::runtime_error("the server does not start");
}

void postgresql_server::kill() {
  if (pid_ < 0) return;
  const auto children = children_of(pid_);
  ::kill(pid_, SIGKILL);
  for (const auto child : children) ::kill(child, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  // Until they are gone the shared memory is in use.
  for (const auto child : children) {
    while (fs::exists("/proc/" + std::to_string(child)) && ::kill(child, 0) == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void postgresql_server::stop() {
  ::kill(pid_, SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string postgresql_server::uri(const std::string& options, unsigned port) const {
  return "postgresql://tester:" + in_uri(password()) +
         "@127.0.0.1:" + std::to_string(port == 0 ? port_ : port) + "/postgres?sslmode=disable" +
         (options.empty() ? "" : "&options=" + in_uri(options));
}

std::string postgresql_server::run(const std::string& statements) const {
  PGconn* c = PQconnectdb(uri().c_str());
  PQsetNoticeProcessor(
      c, [](void*, const char*) {}, nullptr);
  PGresult* r = PQexec(c, statements.c_str());
  const auto status = PQresultStatus(r);
  const std::string why = PQerrorMessage(c);
  const std::string out = PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "";
  PQclear(r);
  PQfinish(c);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(why);
  return out;
}

postgresql_server& shared_server() {
  static postgresql_server server;
  return server;
}

struct fresh_database::state {
  std::string schema;
};

fresh_database::fresh_database() : state_(std::make_unique<state>()) {
  static int count = 0;
  state_->schema = "fresh" + std::to_string(++count);
  shared_server().run("create schema " + state_->schema);
  place_ = shared_server().uri("-csearch_path=" + state_->schema);
}

fresh_database::~fresh_database() {
  try {
    shared_server().run("drop schema if exists " + state_->schema + " cascade");
  } catch (const std::exception&) {
    // It goes with the server.
  }
}
