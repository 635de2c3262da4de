#include "modes/client_commands.hpp"
#include "modes/duration.hpp"
#include "modes/name_argument.hpp"
#include "modes/print.hpp"
#include "modes/print_soa.hpp"
#include "modes/upload.hpp"
#include "schema/base/encoding.hpp"

#include <CLI/CLI.hpp>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace interswarm {

namespace {

using namespace std::chrono_literals;

/// What the publish command takes beside the common options.
struct publish_options {
  std::string tenant;
  std::string title;
  std::string media_type;
  std::string series;
  std::vector<std::string> properties;
  std::vector<std::string> mirrors;
  std::vector<std::string> headers;
  std::string expires;
  bool closed = false;
};

result<std::vector<msg::property>> read_pairs(const std::vector<std::string>& texts, char mark,
                                              const char* what) {
  std::vector<msg::property> out;
  for (const auto& text : texts) {
    const auto at = text.find(mark);
    if (at == std::string::npos || at == 0)
      return fail(errc::configuration,
                  "\"" + printable(text) + "\" is no " + what + " such as KEY" + mark + "VALUE");
    const auto value = text.find_first_not_of(' ', at + 1);
    out.push_back({text.substr(0, at), value == std::string::npos ? "" : text.substr(value)});
  }
  return out;
}

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

result<msg::publication> make_draft(const publish_options& o, const std::string& what) {
  msg::publication out;
  out.title = o.title;
  if (out.title.empty() && !is_url(what))
    out.title = std::filesystem::path(what).filename().string();
  out.media_type = o.media_type;
  out.series = o.series;
  out.open = !o.closed;
  auto properties = read_pairs(o.properties, '=', "property");
  if (!properties) return tl::unexpected(properties.error());
  out.properties = std::move(*properties);
  if (!o.expires.empty()) {
    const auto lease = read_duration(o.expires);
    if (!lease) return tl::unexpected(lease.error());
    out.expires = std::time(nullptr) + *lease;
  }
  return out;
}

void print_published(const msg::publish_state& state, bool json) {
  if (json) {
    nlohmann::json out = to_json(state.publication);
    auto& links = out["links"] = nlohmann::json::array();
    for (const auto& l : state.links)
      links.push_back({{"overlay", printable(l.overlay)}, {"link", printable(l.text, 65536)}});
    auto& names = out["names"] = nlohmann::json::array();
    for (const auto& r : state.records) names.push_back(to_json(r));
    std::cout << out.dump(2) << "\n";
    return;
  }
  std::cout << "content " << to_hex(state.publication.content_id) << "  "
            << human_bytes(state.publication.size) << "  "
            << printable(state.publication.title, 120) << "\n";
  for (const auto& l : state.links) std::cout << printable(l.text, 65536) << "\n";
  if (state.links.empty())
    std::cout << (state.publication.open ? "no access node is known yet: its links come with "
                                           "`interswarm names`\n"
                                         : "not open to everybody: give out signed URLs\n");
}

result<void> run_publish(client_options& o, const publish_options& p) {
  const auto headers = read_pairs(p.headers, ':', "header");
  if (!headers) return tl::unexpected(headers.error());
  if (o.names.size() > 1 && (!p.title.empty() || !p.series.empty() || !p.mirrors.empty()))
    return fail(errc::configuration,
                "--title, --series and --mirror are for one content at a time");
  for (const auto& what : o.names) {
    auto draft = make_draft(p, what);
    if (!draft) return tl::unexpected(draft.error());
    result<msg::publish_state> published = fail(errc::internal, "");
    if (is_url(what)) {
      std::vector<std::string> urls{what};
      urls.insert(urls.end(), p.mirrors.begin(), p.mirrors.end());
      published = pull_content(o.node, p.tenant, *draft, urls, *headers);
    } else {
      published = upload_file(o.node, p.tenant, *draft, p.expires, what);
    }
    if (!published) return tl::unexpected(published.error());
    print_published(*published, o.json);
  }
  return {};
}

/// The content's id: given itself, or known to the node under another name.
result<slice> find_content(node_client& node, const std::string& text) {
  auto names = names_in(text);
  if (names.empty()) {
    auto records = read_name_argument(text);
    if (!records) return tl::unexpected(records.error());
    for (const auto& r : *records) names.push_back(r.name);
  }
  if (names.front() == content_name(names.front().key)) return names.front().key;
  auto control = node.ask<msg::session_control_result>(node.session(), msg::session_control{});
  if (!control)
    return fail(control.error().code, "give the content id: other names are looked up for "
                                      "operators only (" +
                                          control.error().text + ")");
  auto known = node.ask<msg::control_names_result>(control->control,
                                                   msg::control_names{names.front(), false, 0});
  if (!known) return tl::unexpected(known.error());
  for (const auto& r : known->records)
    if (r.content_id.size() == 32 && r.evidence >= msg::evidence::verified) return r.content_id;
  return fail(errc::not_found, "no content is known by this name");
}

result<void> run_unpublish(client_options& o, const std::string& tenant) {
  auto node = node_client::connect_as_guest(o.node);
  if (!node) return tl::unexpected(node.error());
  auto service = storage_service_of(**node, tenant);
  if (!service) return tl::unexpected(service.error());
  for (const auto& text : o.names) {
    const auto id = find_content(**node, text);
    if (!id) return tl::unexpected(id.error());
    if (auto ok = (*node)->ask_done(*service, msg::storage_service_withdraw{*id}); !ok) return ok;
    if (!o.json) std::cout << "withdrawn " << to_hex(*id) << "\n";
  }
  return {};
}

result<void> run_publications(client_options& o, const std::string& tenant) {
  auto node = node_client::connect_as_guest(o.node);
  if (!node) return tl::unexpected(node.error());
  auto service = storage_service_of(**node, tenant);
  if (!service) return tl::unexpected(service.error());
  std::vector<msg::publication> all;
  msg::storage_service_list question;
  for (const auto& word : o.names)
    question.query.words += (question.query.words.empty() ? "" : " ") + word;
  question.limit = 1000;
  for (;;) {
    auto some = (*node)->ask<msg::storage_service_list_result>(*service, question);
    if (!some) return tl::unexpected(some.error());
    all.insert(all.end(), some->publications.begin(), some->publications.end());
    if (some->publications.size() < question.limit) break;
    question.before = all.back().id;
  }
  if (!o.json) {
    std::cout << to_text(all);
    return {};
  }
  auto out = nlohmann::json::array();
  for (const auto& p : all) out.push_back(to_json(p));
  std::cout << nlohmann::json{{"publications", out}}.dump(2) << "\n";
  return {};
}

} // namespace

void add_publish_commands(CLI::App& app, int& exit_code) {
  auto p = std::make_shared<publish_options>();
  auto options = std::make_shared<client_options>();
  auto* sub =
      app.add_subcommand("publish", "Store a file or URL once and give it to every overlay");
  sub->add_option("FILE|URL", options->names, "what to publish; a URL is fetched by the node")
      ->required();
  sub->add_option("--tenant", p->tenant, "in whose name (operators; others have their own)");
  sub->add_option("--title", p->title, "file name for people; without it the file's own");
  sub->add_option("--type", p->media_type, "media type, such as video/mp4");
  sub->add_option("--property", p->properties, "KEY=VALUE for search; may come several times");
  sub->add_option("--series", p->series,
                  "takes the place of what this tenant published last in it");
  sub->add_option("--expires", p->expires, "withdrawn after this time: 12h, 30d");
  sub->add_option("--mirror", p->mirrors, "another URL of the same bytes");
  sub->add_option("--header", p->headers,
                  "\"NAME: VALUE\" for the origins; may come several times");
  sub->add_flag("--closed", p->closed,
                "not for everybody: no overlay, HTTP with a signed URL only");
  add_client_command(sub, exit_code, options,
                     [p](client_options& o) { return run_publish(o, *p); });
  const auto with_tenant = [&](const char* name, const char* text, const char* what, bool required,
                               result<void> (*run)(client_options&, const std::string&)) {
    auto own = std::make_shared<client_options>();
    auto tenant = std::make_shared<std::string>();
    auto* one = app.add_subcommand(name, text);
    auto* names = one->add_option(what, own->names);
    if (required) names->required();
    one->add_option("--tenant", *tenant, "in whose name (operators; others have their own)");
    add_client_command(one, exit_code, own,
                       [tenant, run](client_options& o) { return run(o, *tenant); });
  };
  with_tenant("unpublish", "Withdraw what was published", "NAME", true, run_unpublish);
  with_tenant("publications", "What was published", "WORDS", false, run_publications);
}

} // namespace interswarm
