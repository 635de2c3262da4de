#include "modes/compare/live/client_process.hpp"
#include "modes/compare/live/client_web.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace interswarm::compare {

namespace {

using nlohmann::json;

constexpr std::uint16_t rpc_port = 9091;
constexpr std::uint16_t peer_port = 51413;
/// torrent-get, `status`.
constexpr int seeding = 6;

/// transmission-daemon by its RPC (rpc-spec.txt, version 16).
class transmission final : public client_process {
public:
  explicit transmission(client_place where) : client_process(std::move(where)), web_(rpc_port) {}

  result<void> start() override;
  result<void> add(content_id c, const live_content& what) override;
  void drop(content_id c) override;
  result<std::map<content_id, client_standing>> look() override;

private:
  result<json> call(const std::string& method, json arguments);
  json settings() const;

  client_web web_;
  std::string session_;
  /// By Transmission's number of the torrent.
  std::map<std::int64_t, content_id> numbers_;
};

/// Without uTP: it dials that first and falls back late, and the counters take packets for TCP's.
json transmission::settings() const {
  return {{"bind-address-ipv4", where_.address.to_string()},
          {"peer-port", peer_port},
          {"peer-port-random-on-start", false},
          {"rpc-port", rpc_port},
          {"rpc-bind-address", "127.0.0.1"},
          {"rpc-authentication-required", false},
          {"rpc-host-whitelist-enabled", false},
          {"dht-enabled", false},
          {"lpd-enabled", false},
          {"utp-enabled", false},
          {"port-forwarding-enabled", false},
          {"download-dir", where_.folder},
          {"incomplete-dir-enabled", false},
          {"preallocation", 0},
          {"ratio-limit-enabled", false},
          {"download-queue-enabled", false},
          {"blocklist-enabled", false},
          {"message-level", 1}};
}

result<void> transmission::start() {
  numbers_.clear();
  session_.clear();
  // Torrents are added anew each time.
  const auto state = where_.folder + "/state";
  std::error_code code;
  std::filesystem::remove_all(state, code);
  std::filesystem::create_directories(state, code);
  if (std::ofstream out(state + "/settings.json"); !(out << settings().dump(2)))
    return fail(errc::io, state + "/settings.json: cannot be written");
  if (auto ok = run({"transmission-daemon", "-f", "-g", state}); !ok) return ok;
  return wait_until([this] { return bool(call("session-stats", json::object())); }, "it answers");
}

result<json> transmission::call(const std::string& method, json arguments) {
  const json question{{"method", method}, {"arguments", std::move(arguments)}};
  auto answer = web_.post("/transmission/rpc", question.dump(), session_);
  if (answer && answer->status == 409) { // it tells the session's name so
    session_ = answer->session;
    answer = web_.post("/transmission/rpc", question.dump(), session_);
  }
  if (!answer) return tl::unexpected(answer.error());
  const auto said = json::parse(answer->body, nullptr, false);
  if (!said.is_object() || said.value("result", "") != "success")
    return fail(errc::internal, where_.nick + ": " + method + ": " + answer->body.substr(0, 200));
  return said["arguments"];
}

result<void> transmission::add(content_id c, const live_content& what) {
  const auto torrent = torrent_for_rpc(what, where_.tracker);
  if (!torrent) return tl::unexpected(torrent.error());
  const auto said = call("torrent-add", {{"metainfo", *torrent}, {"download-dir", where_.folder}});
  if (!said) return tl::unexpected(said.error());
  for (const auto& added : *said) numbers_[added.at("id").get<std::int64_t>()] = c;
  return {};
}

void transmission::drop(content_id c) {
  std::erase_if(numbers_, [&](const auto& n) {
    if (n.second != c) return false;
    (void)call("torrent-remove", {{"ids", {n.first}}, {"delete-local-data", true}});
    return true;
  });
}

result<std::map<content_id, client_standing>> transmission::look() {
  std::map<content_id, client_standing> out;
  const auto said = call("torrent-get", {{"fields",
                                          {"id", "haveValid", "haveUnchecked", "leftUntilDone",
                                           "status", "error", "errorString", "trackerStats"}}});
  if (!said) return tl::unexpected(said.error());
  for (const auto& t : said->at("torrents")) {
    const auto at = numbers_.find(t.at("id").get<std::int64_t>());
    if (at == numbers_.end()) continue;
    // 1 and 2 are a tracker's warning and error, which it tries again.
    if (t.at("error").get<int>() > 2)
      return fail(errc::io, where_.nick + " gave up: " + t.value("errorString", ""));
    auto& s = out[at->second];
    s.received =
        t.at("haveValid").get<std::uint64_t>() + t.at("haveUnchecked").get<std::uint64_t>();
    s.whole =
        t.at("status").get<int>() == seeding && t.at("leftUntilDone").get<std::uint64_t>() == 0;
    for (const auto& tracker : t.at("trackerStats"))
      s.offered = s.offered || (s.whole && tracker.value("lastAnnounceSucceeded", false));
  }
  return out;
}

} // namespace

std::unique_ptr<client_program> make_transmission(client_place where) {
  return std::make_unique<transmission>(std::move(where));
}

} // namespace interswarm::compare
