#pragma once

#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Processes that the live engine starts. For a process without other threads.
namespace interswarm::compare {

/// A program, in a folder and a network namespace of its own; what it prints goes to the end of a
/// file. The kernel ends it with its parent.
struct program_start {
  std::vector<std::string> words;
  std::string folder;
  std::string log;
  /// -1: the caller's.
  int network = -1;
};
/// Fails `io` without a process; a program that cannot be run exits with 127.
result<pid_t> start_program(const program_start& what);
/// A process that runs `work` and ends with what it gives, as above.
result<pid_t> start_work(const std::function<int()>& work, const std::string& log, int network);

/// Runs a program to its end, gives it `input` and answers with what it printed to standard output.
/// Fails `io` with its last words, `timed_out`.
result<std::string> run_tool(const std::vector<std::string>& words, const std::string& input = {},
                             int network = -1,
                             std::chrono::seconds limit = std::chrono::seconds(30));

/// Whether a program of that name is on the path.
bool has_program(const std::string& name);

/// CPU seconds and the most memory a process has used so far; nothing that is 0 when it is gone.
process_use use_of(pid_t process, const std::string& name);
/// The last `count` lines of a log, one after the other.
std::string last_lines(const std::string& file, std::size_t count);
/// Bytes of the files below a folder, or 0; holes count as nothing.
std::uint64_t bytes_below(const std::string& folder);
/// The same of files that a process has open below the folder, but that have no name there any
/// more, as a node's spool.
std::uint64_t nameless_bytes_of(pid_t process, const std::string& folder);

} // namespace interswarm::compare
