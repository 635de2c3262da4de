#pragma once

#include "tests/catch.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

extern char** environ;

/// A `probe_node` of its own process; killed with the object.
class probe_process {
public:
  explicit probe_process(std::vector<std::string> args = {}) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    REQUIRE(pipe(out.data()) == 0);
    REQUIRE(pipe(err.data()) == 0);
    args.insert(args.begin(), PROBE_NODE);
    std::vector<char*> argv;
    for (auto& a : args) argv.push_back(a.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    for (const int fd : {out[0], out[1], err[0], err[1]})
      posix_spawn_file_actions_addclose(&actions, fd);
    REQUIRE(posix_spawn(&pid_, PROBE_NODE, &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    ::close(err[1]);
    out_ = fdopen(out[0], "r");
    err_ = fdopen(err[0], "r");
    std::array<char, 64> line{};
    REQUIRE(std::fgets(line.data(), line.size(), out_) != nullptr);
    REQUIRE(std::sscanf(line.data(), "ready %hu", &port_) == 1);
  }
  probe_process(const probe_process&) = delete;
  probe_process& operator=(const probe_process&) = delete;
  ~probe_process() {
    if (pid_ > 0) end(SIGKILL);
    std::fclose(out_);
    std::fclose(err_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// The exit code, or minus the signal that ended it.
  int end(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  /// What it wrote to standard error, once it has ended.
  std::string errors() {
    std::string text;
    for (int c = std::fgetc(err_); c != EOF; c = std::fgetc(err_)) text += static_cast<char>(c);
    return text;
  }

private:
  pid_t pid_ = 0;
  unsigned short port_ = 0;
  std::FILE* out_ = nullptr;
  std::FILE* err_ = nullptr;
};
