#include "modes/command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace interswarm {

int run_command_line(int argc, char** argv) {
  CLI::App app{"Interswarm makes separate peer-to-peer content systems work together."};
  app.set_version_flag("--version", "interswarm 0.1.0");
  app.require_subcommand(0, 1);
  int exit_code = 0;
  add_hash_command(app, exit_code);
  add_keys_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (app.get_subcommands().empty()) {
    std::cout << app.help();
    return 2;
  }
  return exit_code;
}

} // namespace interswarm
