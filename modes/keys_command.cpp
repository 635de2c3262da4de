#include "actors/runtime/keys.hpp"
#include "modes/command.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace interswarm {

void add_keys_command(CLI::App& app, int& exit_code) {
  struct arguments {
    std::string directory = "keys";
    std::vector<std::string> names;
  };
  auto args = std::make_shared<arguments>();
  auto* command = app.add_subcommand("keys", "Make certificates with which nodes know each other");
  command
      ->add_option("--dir", args->directory,
                   "folder; its authority signs, and is made if there is none")
      ->capture_default_str();
  command->add_option("NAME", args->names, "a node's name, as its configuration says")->required();
  command->callback([args, &exit_code] {
    const auto made = runtime::make_keys(args->directory, args->names);
    if (!made) {
      std::cerr << "interswarm keys: " << to_string(made.error()) << '\n';
      exit_code = made.error().code == errc::configuration ? 2 : 1;
      return;
    }
    for (const auto& file : *made) std::cout << file << '\n';
  });
}

} // namespace interswarm
