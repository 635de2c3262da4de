#include "modes/compare/live/cast.hpp"

#include "modes/compare/live/node_files.hpp"
#include "modes/compare/sim/deployment.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <thread>

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr auto ready_limit = 60s;
constexpr auto whole_limit = 60s;
constexpr auto agree_limit = 15s;
constexpr auto publish_limit = 1800s;

bool is_own(site_role r) { return r != site_role::peer && r != site_role::tracker; }

/// Whether a line of the log behind `from` says so.
bool says_ready(const std::string& log, std::uintmax_t from) {
  std::ifstream in(log);
  in.seekg(static_cast<std::streamoff>(from));
  for (std::string line; std::getline(in, line);)
    if (line == "ready") return true;
  return false;
}

void add(process_use& to, const process_use& more) {
  to.cpu_s += more.cpu_s;
  to.peak_memory = std::max(to.peak_memory, more.peak_memory);
}

} // namespace

result<void> cast::make_keys() const {
  std::vector<std::string> words{scene_.program, "keys", "--dir", scene_.folder + "/keys"};
  for (const auto& s : scene_.where->what().sites)
    if (is_own(s.role)) words.push_back(s.name);
  words.insert(words.end(), {publisher_name, operator_name});
  auto done = run_tool(words);
  return done ? result<void>{} : tl::unexpected(done.error());
}

result<void> cast::start() {
  if (scene_.how != solution::isolated)
    if (auto ok = make_keys(); !ok) return ok;
  const auto& sites = scene_.where->what().sites;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (sites[i].role == site_role::peer) continue;
    node n;
    n.site = i;
    n.folder = scene_.folder + "/" + sites[i].name;
    n.log = scene_.folder + "/logs/" + sites[i].name + ".log";
    n.earlier.name = n.now.name = sites[i].name;
    std::error_code code;
    std::filesystem::create_directories(n.folder, code);
    const auto keys = is_own(sites[i].role) ? scene_.folder + "/keys" : std::string();
    const auto text = node_file(*scene_.what, scene_.where->what(), sites[i], keys);
    if (is_own(sites[i].role)) files_.push_back(text);
    if (std::ofstream out(n.folder + "/node.toml"); !(out << text))
      return fail(errc::io, n.folder + "/node.toml: cannot be written");
    nodes_.push_back(std::move(n));
  }
  for (auto& n : nodes_)
    if (auto ok = launch(n); !ok) return ok;
  for (const auto& n : nodes_)
    if (auto ok = wait_ready(n); !ok) return ok;
  return scene_.how == solution::soa ? wait_whole() : result<void>{};
}

result<void> cast::launch(node& n) {
  std::error_code code;
  n.log_before = std::filesystem::exists(n.log, code) ? std::filesystem::file_size(n.log, code) : 0;
  auto started = start_program(
      {{scene_.program, "--mode", mode_of(site_of(n).role), "--config", n.folder + "/node.toml"},
       n.folder,
       n.log,
       scene_.where->network_of(n.site)});
  if (!started) return tl::unexpected(started.error());
  n.process = *started;
  return {};
}

result<void> cast::wait_ready(const node& n) const {
  for (const auto until = clock::now() + ready_limit; clock::now() < until;) {
    if (says_ready(n.log, n.log_before)) return {};
    int status = 0;
    if (::waitpid(n.process, &status, WNOHANG) == n.process)
      return fail(errc::io, site_of(n).name + " did not start: " + last_lines(n.log, 3));
    std::this_thread::sleep_for(20ms);
  }
  return fail(errc::timed_out, site_of(n).name + " is not ready: " + last_lines(n.log, 3));
}

result<std::string> cast::ask(const node& n, std::vector<std::string> words, const std::string& as,
                              std::chrono::seconds limit) const {
  words.insert(words.begin(), scene_.program);
  words.insert(words.end(), {"--node", door_of(site_of(n)), "--keys", scene_.folder + "/keys",
                             "--as", as, "--expect", site_of(n).name, "--json"});
  return run_tool(words, {}, scene_.where->network_of(n.site), limit);
}

/// Until the service and access nodes see every storage node.
result<void> cast::wait_whole() const {
  const auto sees_all = [this](const node& n) {
    const auto text = ask(n, {"status"}, operator_name);
    const auto state = json::parse(text.value_or(""), nullptr, false);
    std::size_t here = 0;
    if (state.is_object() && state.contains("cluster"))
      for (const auto& s : state["cluster"]["storage"]) here += s["presence"] == "here" ? 1 : 0;
    return here == scene_.what->soa.storage.size();
  };
  const auto until = clock::now() + whole_limit;
  for (const auto& n : nodes_) {
    const auto role = site_of(n).role;
    if (role != site_role::service && role != site_role::access) continue;
    while (!sees_all(n)) {
      if (clock::now() > until)
        return fail(errc::timed_out,
                    site_of(n).name + " does not see all storage nodes: " + last_lines(n.log, 3));
      std::this_thread::sleep_for(250ms);
    }
  }
  return {};
}

result<void> cast::link(const live_content& c) {
  for (const auto& n : nodes_) {
    if (site_of(n).role != site_role::bridge) continue;
    if (auto done = ask(n, {"link", c.torrent_file, c.ed2k_link}, operator_name); !done)
      return tl::unexpected(done.error());
  }
  return {};
}

result<void> cast::publish(const std::vector<live_content>& contents) {
  std::vector<std::string> words{"publish"};
  for (std::size_t i = 0; i < contents.size(); ++i)
    if (scene_.what->contents[i].published) words.push_back(contents[i].file);
  if (words.size() == 1) return {};
  const auto done = ask(*find(site_role::service, 0), words, publisher_name, publish_limit);
  return done ? result<void>{} : tl::unexpected(done.error());
}

result<void> cast::prepare(const std::vector<live_content>& contents, const share_done& progress) {
  if (scene_.how == solution::soa) {
    if (auto ok = publish(contents); !ok) return ok;
  }
  for (std::size_t i = 0; scene_.how == solution::bridge && i < contents.size(); ++i) {
    if (auto ok = link(contents[i]); !ok) return ok;
    progress(static_cast<double>(i + 1) / static_cast<double>(contents.size()));
  }
  return {};
}

cast::node* cast::find(site_role role, std::uint32_t number) {
  for (auto& n : nodes_)
    if (site_of(n).role == role && site_of(n).number == number) return &n;
  return nullptr;
}

void cast::kill(site_role role, std::uint32_t number) {
  auto* const n = find(role, number);
  if (n == nullptr || n->process < 0) return;
  n->now = use_of(n->process, n->now.name);
  add(n->earlier, n->now);
  n->now = {n->now.name, 0, 0};
  ::kill(n->process, SIGKILL);
  ::waitpid(n->process, nullptr, 0);
  n->process = -1;
}

result<void> cast::revive(site_role role, std::uint32_t number) {
  auto* const n = find(role, number);
  return n == nullptr || n->process >= 0 ? result<void>{} : launch(*n);
}

result<void> cast::revive_all() {
  for (auto& n : nodes_)
    if (n.process < 0)
      if (auto ok = launch(n); !ok) return ok;
  for (const auto& n : nodes_)
    if (auto ok = wait_ready(n); !ok) return ok;
  return {};
}

result<void> cast::ended(pid_t gone) {
  for (auto& n : nodes_) {
    if (n.process != gone) continue;
    n.process = -1;
    return fail(errc::io, site_of(n).name + " has ended by itself: " + last_lines(n.log, 3));
  }
  return {};
}

result<std::vector<ledger_line>> cast::ledgers() const {
  for (const auto until = clock::now() + agree_limit;;) {
    std::vector<ledger_line> out;
    std::uint64_t given = 0, taken = 0;
    for (const auto& n : nodes_) {
      const auto role = site_of(n).role;
      if (role != site_role::bridge && role != site_role::access) continue;
      const auto text = ask(n, {"ledger"}, operator_name);
      if (!text) return tl::unexpected(text.error());
      const auto lines = parse_ledger(*text);
      if (!lines) return tl::unexpected(lines.error());
      for (const auto& line : *lines) (line.giver ? given : taken) += line.bytes;
      out.insert(out.end(), lines->begin(), lines->end());
    }
    if (given == taken || clock::now() > until) return out;
    std::this_thread::sleep_for(500ms);
  }
}

std::uint32_t cast::missing_copies() const {
  for (const auto& n : nodes_) {
    if (site_of(n).role != site_role::service || n.process < 0) continue;
    const auto text = ask(n, {"status"}, operator_name, 5s);
    const auto state = json::parse(text.value_or(""), nullptr, false);
    if (!state.is_object() || !state.contains("cluster")) return 0;
    const auto& cluster = state["cluster"];
    if (!cluster.contains("repair")) return 0;
    return cluster["repair"].value("missing_copies", std::uint32_t{0});
  }
  return 0;
}

std::uint64_t cast::stored() const {
  std::uint64_t out = 0;
  for (const auto& n : nodes_) {
    const auto role = site_of(n).role;
    if (role == site_role::storage) out += bytes_below(n.folder + "/data/chunks");
    if (role == site_role::bridge || role == site_role::access)
      out += nameless_bytes_of(n.process, n.folder + "/data/spool");
  }
  return out;
}

void cast::measure() {
  for (auto& n : nodes_) {
    if (n.process < 0) continue;
    const auto use = use_of(n.process, n.now.name);
    if (use.peak_memory > 0) n.now = use;
  }
}

std::vector<process_use> cast::uses() const {
  std::vector<process_use> out;
  for (const auto& n : nodes_) {
    out.push_back(n.earlier);
    add(out.back(), n.now);
  }
  return out;
}

deployment cast::deployed() const {
  std::uint32_t lines = 0;
  for (const auto& f : files_) lines += lines_of(f);
  return compare::deployed(*scene_.what, scene_.how, lines);
}

} // namespace interswarm::compare
