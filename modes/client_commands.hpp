#pragma once

namespace CLI {
class App;
}

namespace interswarm {

/// The commands that talk to a running node: link, import, names, search, status, ledger, fetch,
/// stop.
void add_client_commands(CLI::App& app, int& exit_code);

} // namespace interswarm
