#include "modes/compare/live/client_process.hpp"
#include "modes/compare/live/client_web.hpp"

#include <nlohmann/json.hpp>

namespace interswarm::compare {

namespace {

using nlohmann::json;

constexpr std::uint16_t rpc_port = 6800;
constexpr std::uint16_t peer_port = 6881;

/// aria2c by its JSON-RPC (aria2c(1), "RPC INTERFACE").
class aria2 final : public client_process {
public:
  explicit aria2(client_place where) : client_process(std::move(where)), web_(rpc_port) {}

  result<void> start() override;
  result<void> add(content_id c, const live_content& what) override;
  void drop(content_id c) override;
  result<std::map<content_id, client_standing>> look() override;

private:
  result<json> call(const std::string& method, json parameters);

  client_web web_;
  /// By aria2's number of the download.
  std::map<std::string, content_id> numbers_;
};

result<void> aria2::start() {
  numbers_.clear();
  // DHT is on for aria2's UDP tracker client, which exists only beside it; it knows nobody here.
  const auto port = std::to_string(peer_port);
  if (auto ok = run({"aria2c",
                     "--no-conf",
                     "--listen-port=" + port,
                     "--enable-dht=true",
                     "--dht-listen-port=" + port,
                     "--dht-file-path=" + where_.folder + "/dht.dat",
                     "--enable-dht6=false",
                     "--bt-enable-lpd=false",
                     "--disable-ipv6=true",
                     "--seed-ratio=0.0",
                     "--check-integrity=true",
                     "--allow-overwrite=true",
                     "--file-allocation=none",
                     "--max-concurrent-downloads=1000",
                     "--bt-save-metadata=false",
                     "--summary-interval=0",
                     "--show-console-readout=false",
                     "--console-log-level=warn",
                     "--enable-rpc=true",
                     "--rpc-listen-port=" + std::to_string(rpc_port),
                     "--dir=" + where_.folder});
      !ok)
    return ok;
  return wait_until([this] { return bool(call("getVersion", json::array())); }, "it answers");
}

result<json> aria2::call(const std::string& method, json parameters) {
  const json question{{"jsonrpc", "2.0"},
                      {"id", 1},
                      {"method", "aria2." + method},
                      {"params", std::move(parameters)}};
  const auto answer = web_.post("/jsonrpc", question.dump());
  if (!answer) return tl::unexpected(answer.error());
  const auto said = json::parse(answer->body, nullptr, false);
  if (!said.is_object() || !said.contains("result"))
    return fail(errc::internal, where_.nick + ": " + method + ": " + answer->body.substr(0, 200));
  return said["result"];
}

result<void> aria2::add(content_id c, const live_content& what) {
  const auto torrent = torrent_for_rpc(what, where_.tracker);
  if (!torrent) return tl::unexpected(torrent.error());
  const auto number = call("addTorrent", {*torrent, json::array(), json::object()});
  if (!number) return tl::unexpected(number.error());
  numbers_[number->get<std::string>()] = c;
  return {};
}

void aria2::drop(content_id c) {
  std::erase_if(numbers_, [&](const auto& n) {
    if (n.second != c) return false;
    (void)call("forceRemove", json::array({n.first}));
    return true;
  });
}

result<std::map<content_id, client_standing>> aria2::look() {
  std::map<content_id, client_standing> out;
  for (const auto& [number, c] : numbers_) {
    const auto said =
        call("tellStatus",
             {number, {"status", "completedLength", "totalLength", "seeder", "errorMessage"}});
    if (!said) return tl::unexpected(said.error());
    if (said->value("status", "") == "error")
      return fail(errc::io, where_.nick + " gave up: " + said->value("errorMessage", ""));
    auto& s = out[c];
    s.received = std::stoull(said->value("completedLength", "0"));
    s.offered = said->value("seeder", "") == "true";
    s.whole = s.offered && s.received == std::stoull(said->value("totalLength", "0"));
  }
  return out;
}

} // namespace

std::unique_ptr<client_program> make_aria2(client_place where) {
  return std::make_unique<aria2>(std::move(where));
}

} // namespace interswarm::compare
