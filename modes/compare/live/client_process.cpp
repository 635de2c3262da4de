#include "modes/compare/live/client_process.hpp"

#include "modes/compare/live/children.hpp"
#include "schema/bittorrent/metainfo.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <kj/encoding.h>
#include <sys/wait.h>
#include <thread>

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto start_limit = 60s;
constexpr auto end_limit = 10s;
constexpr auto pause = 50ms;

} // namespace

result<void> client_process::hold(const live_content& what) {
  const auto to = file_of(what);
  std::error_code code;
  std::filesystem::create_hard_link(what.file, to, code);
  if (code) std::filesystem::copy_file(what.file, to, code);
  if (code) return fail(errc::io, to + ": " + code.message());
  return {};
}

result<void> client_process::run(const std::vector<std::string>& words) {
  auto started = start_program({words, where_.folder, where_.log, -1});
  if (!started) return tl::unexpected(started.error());
  process_ = *started;
  return {};
}

bool client_process::alive() {
  if (process_ < 0) return false;
  if (::waitpid(process_, nullptr, WNOHANG) != process_) return true;
  process_ = -1;
  return false;
}

result<void> client_process::wait_until(const std::function<bool()>& answers,
                                        const std::string& what) {
  for (const auto until = clock::now() + start_limit; clock::now() < until;) {
    if (!alive()) return fail(errc::io, where_.nick + " has ended: " + last_lines(where_.log, 3));
    if (answers()) return {};
    std::this_thread::sleep_for(pause);
  }
  return fail(errc::timed_out,
              where_.nick + ": not in time: " + what + ": " + last_lines(where_.log, 3));
}

void client_process::end() {
  if (!alive()) return;
  ::kill(process_, SIGTERM);
  for (const auto until = clock::now() + end_limit; clock::now() < until;) {
    if (!alive()) return;
    std::this_thread::sleep_for(pause);
  }
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::unique_ptr<client_program> make_client(const std::string& program, client_place where) {
  if (program == "aria2") return make_aria2(std::move(where));
  if (program == "transmission") return make_transmission(std::move(where));
  if (program == "amule") return make_amule(std::move(where));
  return nullptr;
}

std::vector<std::string> tools_of(const std::string& program) {
  if (program == "aria2") return {"aria2c"};
  if (program == "transmission") return {"transmission-daemon"};
  if (program == "amule") return {"amuled", "amulecmd"};
  return {};
}

result<std::string> torrent_for_rpc(const live_content& what, const std::string& tracker) {
  std::ifstream in(what.torrent_file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto torrent =
      bittorrent::parse_metainfo({reinterpret_cast<const byte*>(text.data()), text.size()});
  if (!torrent) return fail(errc::io, what.torrent_file + ": " + torrent.error().text);
  torrent->trackers = {{tracker}};
  const auto encoded = bittorrent::encode_metainfo(*torrent);
  const auto in64 = kj::encodeBase64(kj::arrayPtr(encoded.data(), encoded.size()));
  return std::string(in64.begin(), in64.size());
}

} // namespace interswarm::compare
