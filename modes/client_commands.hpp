#pragma once

#include "modes/node_client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace interswarm {

/// What every client command takes.
struct client_options {
  node_address node;
  bool json = false;
  std::vector<std::string> names;
};
/// Adds those to `sub`; `run`'s error is told in one line and sets `exit_code`.
void add_client_command(CLI::App* sub, int& exit_code,
                        const std::shared_ptr<client_options>& options,
                        std::function<result<void>(client_options&)> run);

/// The commands that talk to a running node: link, import, names, search, status, fetch, stop.
void add_client_commands(CLI::App& app, int& exit_code);

/// The commands of content providers: publish, unpublish, publications.
void add_publish_commands(CLI::App& app, int& exit_code);
/// What is charged for: ledger, account.
void add_account_commands(CLI::App& app, int& exit_code);
/// The operator's commands about parties of the access service.
void add_party_commands(CLI::App& app, int& exit_code);

} // namespace interswarm
