#include "modes/client_commands.hpp"
#include "modes/print.hpp"
#include "schema/base/encoding.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace interswarm {

namespace {

struct party_options {
  std::vector<std::string> tenants;
  std::vector<std::string> overlays;
  std::string account;
  bool message = false;
  bool no_take = false;
};

std::string list_of(const std::vector<std::string>& texts, const char* none) {
  std::string out;
  for (const auto& t : texts) out += (out.empty() ? "" : " ") + printable(t);
  return out.empty() ? none : out;
}

result<void> run_add(client_options& o, const party_options& p) {
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  msg::party party;
  party.name = o.names.front();
  party.tenants = p.tenants;
  party.overlays = p.overlays;
  party.account = p.account;
  party.take = !p.no_take;
  party.message = p.message;
  auto added = (*node)->ask<msg::control_add_party_result>((*node)->control(),
                                                           msg::control_add_party{party});
  if (!added) return tl::unexpected(added.error());
  if (o.json) {
    std::cout << nlohmann::json{{"party", printable(party.name)}, {"token", added->token}}.dump(2)
              << "\n";
  } else {
    std::cout << added->token << "\n";
    std::cerr << "this token is shown only once; a former one of " << printable(party.name)
              << " is void\n";
  }
  return {};
}

result<void> run_revoke(client_options& o) {
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  for (const auto& name : o.names) {
    auto ok = (*node)->ask_done((*node)->control(), msg::control_revoke_party{name});
    if (!ok) return ok;
  }
  return {};
}

result<void> run_list(client_options& o) {
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto all = (*node)->ask<msg::control_parties_result>((*node)->control(), msg::control_parties{});
  if (!all) return tl::unexpected(all.error());
  auto out = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows{
      {"party", "state", "tenants", "overlays", "rights", "account"}};
  for (const auto& p : all->parties) {
    const std::string rights = std::string(p.take ? "take " : "") + (p.message ? "message" : "");
    rows.push_back({printable(p.name), p.revoked ? "revoked" : "", list_of(p.tenants, "-"),
                    list_of(p.overlays, "all"), rights,
                    p.account.empty() ? "-" : printable(p.account)});
    out.push_back({{"party", printable(p.name)},
                   {"revoked", p.revoked},
                   {"take", p.take},
                   {"message", p.message},
                   {"tenants", p.tenants},
                   {"overlays", p.overlays},
                   {"account", p.account},
                   {"added_at", p.added_at}});
  }
  if (o.json) {
    std::cout << nlohmann::json{{"parties", out}}.dump(2) << "\n";
  } else {
    std::cout << (all->parties.empty() ? "no parties\n" : table(rows));
  }
  return {};
}

} // namespace

void add_party_commands(CLI::App& app, int& exit_code) {
  auto* group = app.add_subcommand("party", "Who may use the access service: trackers, clients");
  group->require_subcommand(1);
  const auto sub = [&](const char* name, const char* text, bool named,
                       std::function<result<void>(client_options&)> run) {
    auto options = std::make_shared<client_options>();
    auto* one = group->add_subcommand(name, text);
    if (named) one->add_option("NAME", options->names)->required();
    add_client_command(one, exit_code, options, std::move(run));
    return one;
  };
  auto p = std::make_shared<party_options>();
  auto* add = sub("add", "Enter a party, or give it new rights; prints its token", true,
                  [p](client_options& o) { return run_add(o, *p); });
  add->add_option("--tenant", p->tenants, "may have this tenant's closed contents, too");
  add->add_option("--overlay", p->overlays, "looks up names of this overlay only");
  add->add_option("--account", p->account,
                  "sees what this tenant is charged for, beside its own account");
  add->add_flag("--message", p->message, "exchanges messages with other parties");
  add->add_flag("--no-take", p->no_take, "may not look up, search and read");
  sub("revoke", "Cut a party off at once", true, run_revoke);
  sub("list", "All parties and their rights", false, run_list);
}

} // namespace interswarm
