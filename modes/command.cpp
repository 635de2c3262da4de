#include "modes/command.hpp"

#include <CLI/CLI.hpp>

namespace interswarm {

int run_command_line(int argc, char** argv) {
  CLI::App app{"Interswarm makes separate peer-to-peer content systems work together."};
  app.set_version_flag("--version", "interswarm 0.1.0");
  app.require_subcommand(0, 1);
  int exit_code = 0;
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
