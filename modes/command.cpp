#include "modes/command.hpp"

#include "modes/client_commands.hpp"
#include "modes/run_bridge.hpp"
#include "modes/run_soa.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace interswarm {

int run_command_line(int argc, char** argv) {
  CLI::App app{"Interswarm makes separate peer-to-peer content systems work together."};
  app.set_version_flag("--version", "interswarm 0.1.0");
  app.require_subcommand(0, 1);
  app.footer("A node: interswarm --mode bridge|soa --config FILE\nMore: interswarm COMMAND --help");
  int exit_code = 0;
  std::string mode;
  std::string config;
  app.add_option("--mode", mode, "run a node in the foreground")
      ->check(CLI::IsMember({"bridge", "soa"}));
  std::vector<std::string> join;
  app.add_option("--join", join,
                 "with --mode soa: members of the cluster to begin with, beside "
                 "those in the configuration (HOST:PORT or NAME@HOST:PORT)");
  app.add_option("--config", config, "the node's configuration (TOML)");
  add_hash_command(app, exit_code);
  add_keys_command(app, exit_code);
  add_sign_command(app, exit_code);
  add_compare_command(app, exit_code);
  add_client_commands(app, exit_code);
  add_publish_commands(app, exit_code);
  add_account_commands(app, exit_code);
  add_party_commands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (!app.get_subcommands().empty()) return exit_code;
  if (mode.empty()) {
    std::cout << app.help();
    return 2;
  }
  if (config.empty()) {
    std::cerr << "interswarm: --mode " << mode << " wants --config FILE\n";
    return 2;
  }
  if (mode == "bridge" && !join.empty()) {
    std::cerr << "interswarm: --join is for --mode soa; a bridge has [[neighbour]]\n";
    return 2;
  }
  return mode == "bridge" ? run_bridge(config) : run_soa(config, join);
}

} // namespace interswarm
