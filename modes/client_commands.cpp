#include "modes/client_commands.hpp"

#include "modes/fetch_command.hpp"
#include "modes/name_argument.hpp"
#include "modes/node_client.hpp"
#include "modes/print.hpp"
#include "modes/print_soa.hpp"
#include "schema/base/encoding.hpp"
#include "schema/bittorrent/record.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace interswarm {

void add_client_command(CLI::App* sub, int& exit_code,
                        const std::shared_ptr<client_options>& options,
                        std::function<result<void>(client_options&)> run) {
  sub->add_option("--node", options->node.address, "HOST:PORT of the node")->capture_default_str();
  sub->add_option("--keys", options->node.keys, "folder of certificates made by `interswarm keys`");
  sub->add_option("--as", options->node.key_name, "our name among the certificates (operator)");
  sub->add_option("--expect", options->node.expected_name, "the node's name in its certificate");
  sub->add_flag("--json", options->json, "print for programs");
  sub->callback([options, run = std::move(run), &exit_code] {
    if (auto done = run(*options); !done) {
      std::cerr << "interswarm: " << to_string(done.error()) << "\n";
      exit_code = done.error().code == errc::configuration ? 2 : 1;
    }
  });
}

namespace {

using namespace std::chrono_literals;

using command = std::function<result<void>(client_options&)>;

void print_records(const std::vector<msg::name_record>& records, bool json) {
  if (!json) {
    std::cout << to_text(records);
    return;
  }
  auto all = nlohmann::json::array();
  for (const auto& r : records) all.push_back(to_json(r));
  std::cout << nlohmann::json{{"names", all}}.dump(2) << "\n";
}

result<void> run_link(client_options& o) {
  auto records = read_name_arguments(o.names);
  if (!records) return tl::unexpected(records.error());
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto linked = (*node)->ask<msg::control_link_result>((*node)->control(),
                                                       msg::control_link{std::move(*records)});
  if (!linked) return tl::unexpected(linked.error());
  print_records(linked->records, o.json);
  return {};
}

result<void> run_names(client_options& o) {
  msg::control_names question;
  if (o.names.empty()) {
    question.all = true;
  } else {
    auto records = read_name_arguments(o.names);
    if (!records) return tl::unexpected(records.error());
    question.name = records->front().name;
  }
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto found = (*node)->ask<msg::control_names_result>((*node)->control(), std::move(question));
  if (!found) return tl::unexpected(found.error());
  if (!o.names.empty() && found->records.empty())
    return fail(errc::not_found, "no content is known by this name");
  print_records(found->records, o.json);
  return {};
}

result<void> run_search(client_options& o) {
  std::string words;
  for (const auto& word : o.names) words += (words.empty() ? "" : " ") + word;
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto found =
      (*node)->ask<msg::control_search_result>((*node)->control(), msg::control_search{words, 200});
  if (!found) return tl::unexpected(found.error());
  print_records(found->records, o.json);
  return {};
}

result<void> run_status(client_options& o) {
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto status = (*node)->ask<msg::control_status_result>((*node)->control(), msg::control_status{});
  if (!status) return tl::unexpected(status.error());
  // A bridge belongs to no cluster.
  const auto cluster =
      (*node)->ask<msg::control_cluster_result>((*node)->control(), msg::control_cluster{});
  if (!o.json) {
    std::cout << to_text(status->domains, status->gateways);
    if (cluster) std::cout << to_text(cluster->state);
    return {};
  }
  nlohmann::json out{{"node", (*node)->domain()},
                     {"domains", nlohmann::json::array()},
                     {"gateways", nlohmann::json::array()}};
  for (const auto& d : status->domains) out["domains"].push_back(to_json(d));
  for (const auto& g : status->gateways) out["gateways"].push_back(to_json(g));
  if (cluster) out["cluster"] = to_json(cluster->state);
  std::cout << out.dump(2) << "\n";
  return {};
}

result<void> run_stop(client_options& o) {
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto done = (*node)->ask_done((*node)->control(), msg::control_stop{});
  // The node may be gone before its answer is.
  if (!done && done.error().code != errc::disconnected) return done;
  return {};
}

/// Writes the torrent of an imported content beside the links, for clients that take no magnet
/// link.
result<void> write_torrent(const std::vector<msg::name_record>& records, const std::string& path) {
  for (const auto& r : records) {
    const auto torrent = bittorrent::make_metainfo(r);
    if (!torrent) continue;
    const auto data = bittorrent::encode_metainfo(*torrent);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(data.data()),
              static_cast<std::streamsize>(data.size()));
    if (!out.flush()) return fail(errc::io, path + ": cannot be written");
    return {};
  }
  return fail(errc::not_found, "none of the content's names is a torrent");
}

result<void> run_import(client_options& o, const std::string& torrent_path) {
  auto records = read_name_arguments(o.names);
  if (!records) return tl::unexpected(records.error());
  auto node = node_client::connect(o.node);
  if (!node) return tl::unexpected(node.error());
  auto work = (*node)->ask<msg::control_import_result>((*node)->control(),
                                                       msg::control_import{records->front()});
  if (!work) return tl::unexpected(work.error());
  const bool show = isatty(STDERR_FILENO) != 0;
  std::uint64_t seen = 0;
  std::string waits_for;
  for (;;) {
    auto news = (*node)->ask<msg::import_progress_result>(work->work,
                                                          msg::import_progress{seen, 2000}, 60s);
    if (!news) return tl::unexpected(news.error());
    const auto& p = news->progress;
    seen = p.done_bytes;
    if (show && p.total_bytes > 0) {
      std::cerr << "\r" << human_bytes(p.done_bytes) << " of " << human_bytes(p.total_bytes) << " ("
                << p.done_bytes * 100 / p.total_bytes << " %)   " << std::flush;
    }
    if (show && p.total_bytes == 0 && p.note != waits_for) std::cerr << p.note << "\n";
    waits_for = p.note;
    if (!p.finished) continue;
    if (show) std::cerr << "\n";
    if (!p.failure.empty()) return tl::unexpected(parse_error(p.failure));
    print_records(p.records, o.json);
    return torrent_path.empty() ? result<void>{} : write_torrent(p.records, torrent_path);
  }
}

} // namespace

void add_client_commands(CLI::App& app, int& exit_code) {
  const auto with_names = [&](const char* name, const char* text, const char* what, bool required,
                              command run) {
    auto options = std::make_shared<client_options>();
    auto* sub = app.add_subcommand(name, text);
    auto* names =
        sub->add_option(what, options->names,
                        what == std::string_view("WORDS")
                            ? "words of the title"
                            : "magnet link, ed2k:// link, .torrent or .meta4 file, content id");
    if (required) names->required();
    add_client_command(sub, exit_code, options, std::move(run));
    return sub;
  };
  with_names("link", "Declare that names are the same content", "NAME", true, run_link);
  with_names("names", "Every name of a content; without NAME all names", "NAME", false, run_names);
  with_names("search", "Contents whose title has all words", "WORDS", true, run_search);
  auto path = std::make_shared<std::string>();
  with_names("import", "Fetch a content once from its overlay and name it in all", "NAME", true,
             [path](client_options& o) { return run_import(o, *path); })
      ->add_option("--torrent", *path, "also write the content's .torrent file here");
  auto file = std::make_shared<std::string>();
  auto token = std::make_shared<std::string>();
  auto* fetch = with_names(
      "fetch", "Fetch a content over the best overlay into a file", "NAME", true,
      [file, token](client_options& o) { return run_fetch(o.node, o.names, *file, *token); });
  fetch->add_option("-o,--output", *file, "the file to write")->required();
  fetch->add_option("--token-file", *token, "as the party whose token it holds (`party add`)");
  for (const auto& [name, text, run] : {std::tuple<const char*, const char*, command>{
                                            "status", "What the node sees and does", run_status},
                                        {"stop", "End the node in good order", run_stop}}) {
    add_client_command(app.add_subcommand(name, text), exit_code,
                       std::make_shared<client_options>(), run);
  }
}

} // namespace interswarm
