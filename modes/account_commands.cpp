#include "modes/client_commands.hpp"
#include "modes/party_login.hpp"
#include "modes/print.hpp"
#include "modes/print_soa.hpp"
#include "modes/record_export.hpp"
#include "modes/upload.hpp"
#include "storage/keeping_table.hpp"

#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace interswarm {

namespace {

/// Records asked for at once; what comes is written before the next ones are asked for.
constexpr std::uint32_t page = 2000;

struct account_options {
  std::string tenant;
  std::string token_file;
  std::string since;
  std::string until;
  std::string format;
  std::string records = "served";
  std::string file;
};

struct moments {
  std::int64_t since = 0;
  std::int64_t until = 0;
};

result<moments> read_period(const account_options& o, const std::string& since) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  moments out{0, now + 1};
  const auto& begin = o.since.empty() ? since : o.since;
  if (!begin.empty()) {
    const auto at = read_moment(begin, now);
    if (!at) return tl::unexpected(at.error());
    out.since = *at;
  }
  if (!o.until.empty()) {
    const auto at = read_moment(o.until, now);
    if (!at) return tl::unexpected(at.error());
    out.until = *at;
  }
  if (out.until <= out.since) return fail(errc::configuration, "--until comes before --since");
  return out;
}

/// Where records go: a file, which is whole when `finish` succeeds, or standard output.
class export_output {
public:
  export_output(const account_options& o)
      : format_(o.format == "csv" ? export_format::csv : export_format::jsonl), name_(o.file) {
    if (!name_.empty()) file_.open(name_, std::ios::binary | std::ios::trunc);
  }
  /// The header comes with the first record's kind, also when there is none.
  void begin(const export_record& like) { out() << export_header(like, format_); }
  void write(const export_record& r) { out() << export_line(r, format_); }
  result<void> check() {
    if (out().good()) return {};
    return fail(errc::io, (name_.empty() ? "standard output" : name_) + ": cannot be written");
  }
  result<void> finish() {
    out().flush();
    return check();
  }

private:
  std::ostream& out() { return name_.empty() ? std::cout : file_; }

  export_format format_;
  std::string name_;
  std::ofstream file_;
};

/// Accounts that the caller may see, and which kinds of them are its business.
struct shown_accounts {
  msg::accounts_actor from;
  std::vector<msg::account_kind> kinds;
};

/// As operator those of everybody or one tenant, else a provider's own.
result<msg::accounts_actor> accounts_of(node_client& node, const std::string& tenant) {
  auto control = node.ask<msg::session_control_result>(node.session(), msg::session_control{});
  if (control) {
    auto all =
        node.ask<msg::control_accounts_result>(control->control, msg::control_accounts{tenant});
    if (!all) return tl::unexpected(all.error());
    return all->accounts;
  }
  if (control.error().code != errc::denied) return tl::unexpected(control.error());
  auto service = storage_service_of(node, tenant);
  if (!service) return tl::unexpected(service.error());
  auto own =
      node.ask<msg::storage_service_accounts_result>(*service, msg::storage_service_accounts{});
  if (!own) return tl::unexpected(own.error());
  return own->accounts;
}

/// Of the party whose token it is: what it took, and what its tenant is charged for. With a
/// tenant's name that one's as the provider itself sees it, and so for records of what is stored.
result<std::vector<shown_accounts>> accounts_of_party(node_client& node, const account_options& a) {
  using enum msg::account_kind;
  const auto access = log_in_as_party(node, a.token_file);
  if (!access) return tl::unexpected(access.error());
  const auto described =
      node.ask<msg::access_service_describe_result>(*access, msg::access_service_describe{});
  if (!described) return tl::unexpected(described.error());
  const auto& own_tenant = described->party.account;
  const bool stored = !a.format.empty() && a.records == "stored";
  const auto wanted = a.tenant.empty() && stored ? own_tenant : a.tenant;
  if (stored && wanted.empty())
    return fail(errc::denied, "this token's party stores nothing and may see no tenant's account");
  std::vector<shown_accounts> out;
  const auto show = [&](const std::string& whose,
                        std::vector<msg::account_kind> kinds) -> result<void> {
    auto one =
        node.ask<msg::access_service_accounts_result>(*access, msg::access_service_accounts{whose});
    if (!one) return tl::unexpected(one.error());
    out.push_back({std::move(one->accounts), std::move(kinds)});
    return {};
  };
  auto ok = wanted.empty() ? show("", {party}) : show(wanted, {tenant, party});
  if (ok && wanted.empty() && !own_tenant.empty()) ok = show(own_tenant, {tenant});
  if (!ok) return tl::unexpected(ok.error());
  return out;
}

result<std::vector<shown_accounts>> find_accounts(node_client& node, const account_options& a) {
  if (!a.token_file.empty()) return accounts_of_party(node, a);
  auto all = accounts_of(node, a.tenant);
  if (!all) return tl::unexpected(all.error());
  return std::vector<shown_accounts>{
      {std::move(*all), {msg::account_kind::tenant, msg::account_kind::party}}};
}

result<void> export_deliveries(node_client& node, const msg::accounts_actor& from,
                               const msg::period& when, export_output& to) {
  to.begin(record_of(msg::delivery{}));
  msg::accounts_deliveries question{when, {}, page};
  do {
    auto some = node.ask<msg::accounts_deliveries_result>(from, question);
    if (!some) return tl::unexpected(some.error());
    for (const auto& d : some->deliveries) to.write(record_of(d));
    if (auto ok = to.check(); !ok) return ok;
    question.after = some->next;
  } while (!question.after.empty());
  return to.finish();
}

result<void> export_keepings(node_client& node, const msg::accounts_actor& from,
                             const msg::period& when, export_output& to) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const account_period counted{when.since, std::min(when.until, now)};
  to.begin(record_of(msg::keeping{}, {}));
  msg::accounts_keepings question{when, 0, page};
  for (;;) {
    auto some = node.ask<msg::accounts_keepings_result>(from, question);
    if (!some) return tl::unexpected(some.error());
    for (const auto& k : some->keepings) to.write(record_of(k, byte_hours(kept_in(k, counted))));
    if (auto ok = to.check(); !ok) return ok;
    if (some->keepings.size() < page) return to.finish();
    question.after = some->keepings.back().id;
  }
}

result<std::vector<msg::account>> list_accounts(node_client& node, const shown_accounts& shown,
                                                const msg::period& when) {
  std::vector<msg::account> out;
  for (const auto kind : shown.kinds) {
    msg::accounts_list question{when, kind, {}, 1000};
    for (;;) {
      auto some = node.ask<msg::accounts_list_result>(shown.from, question);
      if (!some) return tl::unexpected(some.error());
      out.insert(out.end(), some->accounts.begin(), some->accounts.end());
      if (some->accounts.size() < question.limit) break;
      question.after = out.back().name;
    }
  }
  return out;
}

result<void> run_account(client_options& o, const account_options& a) {
  const auto when = read_period(a, "30d");
  if (!when) return tl::unexpected(when.error());
  const msg::period asked{when->since, when->until};
  auto node = node_client::connect_as_guest(o.node);
  if (!node) return tl::unexpected(node.error());
  const auto shown = find_accounts(**node, a);
  if (!shown) return tl::unexpected(shown.error());
  if (!a.format.empty()) {
    export_output to(a);
    if (auto ok = to.check(); !ok) return ok;
    const auto& from = shown->front().from;
    return a.records == "stored" ? export_keepings(**node, from, asked, to)
                                 : export_deliveries(**node, from, asked, to);
  }
  std::vector<msg::account> all;
  for (const auto& one : *shown) {
    const auto some = list_accounts(**node, one, asked);
    if (!some) return tl::unexpected(some.error());
    all.insert(all.end(), some->begin(), some->end());
  }
  if (!o.json) {
    std::cout << to_text(all);
    return {};
  }
  nlohmann::json out{{"node", (*node)->domain()},
                     {"since", utc_moment(when->since)},
                     {"until", utc_moment(when->until)},
                     {"accounts", nlohmann::json::array()}};
  for (const auto& one : all) out["accounts"].push_back(to_json(one));
  std::cout << out.dump(2) << "\n";
  return {};
}

result<void> run_ledger(client_options& o, const account_options& a) {
  const auto when = read_period(a, "");
  if (!when) return tl::unexpected(when.error());
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  std::optional<export_output> to;
  if (!a.format.empty()) {
    to.emplace(a);
    to->begin(record_of(msg::ledger_entry{}));
    if (auto ok = to->check(); !ok) return ok;
  }
  std::vector<msg::ledger_entry> all;
  msg::control_ledger question{when->since * 1000, page, when->until * 1000, {}};
  do {
    auto some = (*node)->ask<msg::control_ledger_result>((*node)->control(), question);
    if (!some) return tl::unexpected(some.error());
    if (to) {
      for (const auto& e : some->entries) to->write(record_of(e));
      if (auto ok = to->check(); !ok) return ok;
    } else {
      all.insert(all.end(), some->entries.begin(), some->entries.end());
    }
    question.after = some->next;
  } while (!question.after.empty());
  if (to) return to->finish();
  if (!o.json) {
    std::cout << to_text(all);
    return {};
  }
  nlohmann::json out{{"node", (*node)->domain()}, {"entries", nlohmann::json::array()}};
  for (const auto& e : all) out["entries"].push_back(to_json(e));
  std::cout << out.dump(2) << "\n";
  return {};
}

std::shared_ptr<account_options> add(CLI::App& app, int& exit_code, const char* name,
                                     const char* text, CLI::App*& sub,
                                     result<void> (*run)(client_options&, const account_options&)) {
  auto a = std::make_shared<account_options>();
  sub = app.add_subcommand(name, text);
  sub->add_option("--since", a->since, "30d (ago), 2026-11-01 or 2026-11-01T10:00:00Z");
  sub->add_option("--until", a->until, "the same; without it: now");
  auto* format = sub->add_option("--export", a->format, "records for programs, one a line")
                     ->check(CLI::IsMember({"csv", "jsonl"}));
  sub->add_option("-o,--output", a->file, "the export's file instead of standard output")
      ->needs(format);
  add_client_command(sub, exit_code, std::make_shared<client_options>(),
                     [a, run](client_options& o) { return run(o, *a); });
  return a;
}

} // namespace

void add_account_commands(CLI::App& app, int& exit_code) {
  CLI::App* sub = nullptr;
  add(app, exit_code, "ledger", "What has crossed between overlays", sub, run_ledger);
  const auto a =
      add(app, exit_code, "account",
          "What tenants and parties are charged for, of 30 days unless --since", sub, run_account);
  sub->add_option(
      "--tenant", a->tenant,
      "this one's (operators; providers have their own, parties the one of `--account`)");
  sub->add_option("--token-file", a->token_file,
                  "as this party, at an access node: its own account");
  sub->add_option("--records", a->records, "what --export writes: served or stored")
      ->check(CLI::IsMember({"served", "stored"}));
}

} // namespace interswarm
