#include "modes/compare/live/children.hpp"
#include "modes/compare/live/client_process.hpp"
#include "schema/base/encoding.hpp"
#include "schema/base/hash.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::uint16_t command_port = 4712;
constexpr std::uint16_t peer_port = 4662;
constexpr const char* password = "interswarm";
/// aMule 2.3.3 loses wake-ups of its own sockets now and then and stands still with data in the
/// kernel's queue (fixed by amule-org/amule #871, #882): its user would start it again.
constexpr auto standstill = 20s;
constexpr int most_restarts = 8;
constexpr int most_tries = 3;
constexpr auto command_limit = 15s;
constexpr auto login_wait = 8s;
/// Commands cost it dearly.
constexpr auto ask_pause = 400ms;

/// A content that is fetched.
struct sought_file {
  std::string link;
  std::string hash; // hexadecimal, lower case
  std::string file;
  std::uint64_t size = 0;
  std::uint64_t seen = 0;
  clock::time_point moved = clock::now();
};

/// amuled by amulecmd.
class amule final : public client_process {
public:
  explicit amule(client_place where) : client_process(std::move(where)) {}

  result<void> start() override;
  result<void> hold(const live_content& what) override;
  result<void> add(content_id c, const live_content& what) override;
  void drop(content_id c) override;
  result<std::map<content_id, client_standing>> look() override;
  std::string file_of(const live_content& what) const override {
    return where_.folder + "/Incoming" + what.file.substr(what.file.rfind('/'));
  }

private:
  result<void> write_settings() const;
  std::vector<std::string> alone_on_a_core() const;
  result<void> log_in();
  result<std::string> command(const std::string& words) const;
  bool says(const std::string& words, const std::string& what) const;
  std::map<std::string, std::uint64_t> parts() const;
  bool has_sources(const sought_file& f) const;
  result<void> restart_if_still();

  std::vector<std::string> shared_; // hashes
  std::map<content_id, sought_file> sought_;
  std::map<content_id, client_standing> held_;
  int restarts_ = 0;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// ed2k://|file|NAME|SIZE|HASH|…
std::string hash_in(const std::string& link) {
  std::size_t at = 0;
  for (int bars = 0; bars < 4; ++bars) at = link.find('|', at) + 1;
  return lower(link.substr(at, 32));
}

result<void> amule::write_settings() const {
  const std::string_view word(password);
  const auto digest = md5({reinterpret_cast<const byte*>(word.data()), word.size()});
  std::ofstream out(where_.folder + "/amule.conf", std::ios::trunc);
  out << "[eMule]\nAppVersion=2.3.3\nNick=" << where_.nick << "\nPort=" << peer_port
      << "\nUDPPort=" << peer_port + 10 << "\nUDPEnable=1\nAddress=" << where_.address.to_string()
      << "\nAutoconnect=0\nReconnect=1\nRemoveDeadServer=0\nSafeServerConnect=0\nSmartIdCheck=0\n"
         "ConnectToKad=0\nConnectToED2K=1\nTempDir="
      << where_.folder << "/Temp\nIncomingDir=" << where_.folder
      << "/Incoming\nMaxUpload=0\nMaxDownload=0\nSlotAllocation=20000\nFilterLanIPs=0\n"
         "IPFilterAutoLoad=0\nIPFilterSystem=0\nNewVersionCheck=0\nUPnPEnabled=0\n"
         "CheckDiskspace=0\nAllocateFullFile=0\nEd2kServersUrl=\nKadNodesUrl=\n"
         "[ExternalConnect]\nAcceptExternalConnections=1\nECAddress=127.0.0.1\nECPort="
      << command_port << "\nECPassword=" << to_hex(digest)
      << "\nIpFilterClients=0\nIpFilterServers=0\n";
  if (out.flush()) return {};
  return fail(errc::io, where_.folder + "/amule.conf: cannot be written");
}

result<void> amule::start() {
  std::error_code code;
  std::filesystem::create_directories(where_.folder + "/Incoming", code);
  std::filesystem::create_directories(where_.folder + "/Temp", code);
  if (auto ok = write_settings(); !ok) return ok;
  auto words = alone_on_a_core();
  words.insert(words.end(), {"env", "HOME=" + where_.folder, "amuled", "-c", where_.folder, "-o"});
  if (auto ok = run(words); !ok) return ok;
  if (auto ok = wait_until([this] { return bool(command("status")); }, "it answers"); !ok)
    return ok;
  // What is known at the login is offered then, what comes later after up to a minute.
  for (const auto& hash : shared_)
    if (auto ok = wait_until([&] { return says("show shared", hash); }, "it shares its files"); !ok)
      return ok;
  return log_in();
}

/// Its threads lose wake-ups when two run at the same time or one is interrupted: they get one
/// core, and where this process may ask for that, nothing else runs there while one of them works.
std::vector<std::string> amule::alone_on_a_core() const {
  const auto cores = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
  const auto core = where_.address.to_v4() % static_cast<std::uint32_t>(cores);
  std::vector<std::string> out{"taskset", "-c", std::to_string(core)};
  if (run_tool({"chrt", "--fifo", "1", "true"})) out.insert(out.end(), {"chrt", "--fifo", "1"});
  return out;
}

result<void> amule::log_in() {
  const auto colon = where_.tracker.rfind(':');
  (void)command("add ed2k://|server|" + where_.tracker.substr(0, colon) + "|" +
                where_.tracker.substr(colon + 1) + "|/");
  clock::time_point again{};
  return wait_until(
      [&] {
        if (clock::now() >= again) {
          (void)command("connect " + where_.tracker);
          again = clock::now() + login_wait;
        }
        std::this_thread::sleep_for(ask_pause);
        return says("status", "ed2k: connected to");
      },
      "it is logged into its server");
}

result<std::string> amule::command(const std::string& words) const {
  result<std::string> last = fail(errc::unavailable, where_.nick + " does not answer");
  for (int n = 0; n < most_tries; ++n) {
    last = run_tool({"env", "HOME=" + where_.folder, "LC_ALL=C.UTF-8", "amulecmd", "-h",
                     "127.0.0.1", "-p", std::to_string(command_port), "-P", password, "-c", words},
                    {}, -1, command_limit);
    if (last && last->find("Connection established") != std::string::npos) return last;
    std::this_thread::sleep_for(200ms);
  }
  return last ? fail(errc::unavailable, where_.nick + ": " + printable(*last, 200))
              : std::move(last);
}

bool amule::says(const std::string& words, const std::string& what) const {
  const auto said = command(words);
  return said && lower(*said).find(what) != std::string::npos;
}

result<void> amule::hold(const live_content& what) {
  std::error_code code;
  std::filesystem::create_directories(where_.folder + "/Incoming", code);
  shared_.push_back(hash_in(what.ed2k_link));
  return client_process::hold(what);
}

result<void> amule::add(content_id c, const live_content& what) {
  if (const auto file = file_of(what); std::filesystem::exists(file)) {
    held_[c] = {what.size, true, true};
    return {};
  }
  sought_[c] = {what.ed2k_link, hash_in(what.ed2k_link), file_of(what), what.size, 0, clock::now()};
  auto said = command("add " + what.ed2k_link);
  return said ? result<void>{} : tl::unexpected(said.error());
}

void amule::drop(content_id c) {
  const auto at = sought_.find(c);
  if (at == sought_.end()) return;
  (void)command("cancel " + at->second.hash);
  sought_.erase(at);
}

/// Bytes on the disk of each unfinished file, by its hash, which its .part.met has behind a byte
/// and a date. amuled itself is not asked, which costs it dearly.
std::map<std::string, std::uint64_t> amule::parts() const {
  std::map<std::string, std::uint64_t> out;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(where_.folder + "/Temp", code)) {
    if (entry.path().extension() != ".met") continue;
    std::array<char, 21> head{};
    std::ifstream in(entry.path(), std::ios::binary);
    if (!in.read(head.data(), head.size())) continue;
    auto data = entry.path();
    struct stat info {};
    if (::stat(data.replace_extension().c_str(), &info) != 0) continue;
    out[to_hex({reinterpret_cast<const byte*>(head.data()) + 5, 16})] =
        static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return out;
}

result<std::map<content_id, client_standing>> amule::look() {
  auto out = held_;
  const auto parts_now = parts();
  for (auto at = sought_.begin(); at != sought_.end();) {
    auto& [c, f] = *at;
    std::error_code code;
    const auto size = std::filesystem::file_size(f.file, code);
    if (!code && size == f.size) {
      out[c] = held_[c] = {f.size, true, true};
      at = sought_.erase(at);
      continue;
    }
    const auto part = parts_now.find(f.hash);
    const auto now = part == parts_now.end() ? 0 : std::min(part->second, f.size);
    if (now > f.seen) {
      f.seen = now;
      f.moved = clock::now();
    }
    out[c] = {f.seen, false, false};
    ++at;
  }
  if (auto ok = restart_if_still(); !ok) return tl::unexpected(ok.error());
  return out;
}

/// "> … HASH …\n> … [12.0%] 3/ 4 …": how many clients have it, of those it knows.
bool amule::has_sources(const sought_file& f) const {
  const auto said = lower(command("show dl").value_or(""));
  const auto at = said.find(f.hash);
  if (at == std::string::npos) return false;
  const auto slash = said.find('/', said.find("%]", at));
  return slash != std::string::npos && std::atoi(said.c_str() + slash + 1) > 0;
}

result<void> amule::restart_if_still() {
  bool stuck = false;
  for (auto& [c, f] : sought_) {
    if (clock::now() - f.moved < standstill) continue;
    f.moved = clock::now();
    stuck = stuck || has_sources(f);
  }
  if (!stuck || restarts_ == most_restarts) return {};
  ++restarts_;
  stop();
  return start(); // it goes on from its part files
}

} // namespace

std::unique_ptr<client_program> make_amule(client_place where) {
  return std::make_unique<amule>(std::move(where));
}

} // namespace interswarm::compare
