#pragma once

namespace CLI {
class App;
}

namespace interswarm {

/// Parses the command line, runs what it names and returns the process's exit code:
/// 0 the thing happened, 1 it did not, 2 the command line or configuration is wrong.
int run_command_line(int argc, char** argv);

/// Each adds one client command to the program; the callback sets `exit_code`.
void add_hash_command(CLI::App& app, int& exit_code);
void add_keys_command(CLI::App& app, int& exit_code);
void add_sign_command(CLI::App& app, int& exit_code);
void add_compare_command(CLI::App& app, int& exit_code);

} // namespace interswarm
