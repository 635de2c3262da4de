#include "actors/services/http/http_door.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/socket_address.hpp"
#include "actors/services/http/http_front.hpp"
#include "schema/base/encoding.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>

namespace interswarm::http {

namespace {

using namespace std::chrono_literals;

constexpr int listen_backlog = 1024;
constexpr std::size_t max_pem_bytes = 1u << 20;
/// A source keeps a read's deadline itself; this is for one that does not.
constexpr auto deadline_grace = 1s;

class door_actor final : public runtime::loop_actor<caf::actor> {
public:
  struct parts {
    door_sockets sockets;
    http_door_options options;
    http_lookup lookup;
    url_signer signer;
  };

  door_actor(caf::actor_config& config, runtime::loop& home, std::shared_ptr<parts> made)
      : loop_actor(config, home), parts_(std::move(made)) {}
  const char* name() const override { return "http-door"; }
  void on_exit() override { front_.reset(); }

protected:
  caf::behavior make_behavior() override {
    const auto made = std::move(parts_);
    front_ = runtime::on_loop<http_front>(
        home(), std::in_place, home(), kj::mv(made->sockets), std::move(made->options),
        std::move(made->lookup), std::move(made->signer),
        [this](const msg::source_actor& source, const msg::source_read& wanted,
               std::chrono::milliseconds limit, std::function<void(result<slice>)> then) {
          read(source, wanted, limit, std::move(then));
        });
    return {[](caf::ok_atom) {}};
  }

private:
  void read(const msg::source_actor& source, const msg::source_read& wanted,
            std::chrono::milliseconds limit, std::function<void(result<slice>)> then) {
    const auto answer = std::make_shared<std::function<void(result<slice>)>>(std::move(then));
    request(source, limit + deadline_grace, wanted)
        .then([answer](msg::source_read_result& got) { (*answer)(std::move(got.data)); },
              [answer](const caf::error& e) { (*answer)(tl::unexpected(runtime::to_error(e))); });
  }

  std::shared_ptr<parts> parts_;
  runtime::on_loop<http_front> front_;
};

void set_option(int fd, int level, int name) {
  const int on = 1;
  ::setsockopt(fd, level, name, &on, sizeof on);
}

/// Binds and listens; tells the port that was taken.
result<std::pair<kj::AutoCloseFd, endpoint>> open_socket(const endpoint& at, bool share_port) {
  const bool v4 = at.address.is_v4();
  kj::AutoCloseFd fd(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address;
  auto length = runtime::to_sockaddr(at, address);
  if (fd.get() >= 0) {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR);
    if (share_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT);
    if (!v4) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  }
  if (fd.get() < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(fd, listen_backlog) != 0)
    return fail(errc::configuration, "HTTP: cannot listen on " + at.to_string() + ": " +
                                         std::strerror(errno) +
                                         " (does another program use the port?)");
  length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return std::pair(kj::mv(fd), runtime::from_sockaddr(address));
}

result<std::string> read_pem(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(max_pem_bytes + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad())
    return fail(errc::configuration, "HTTPS: cannot read " + path + ": " + std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_pem_bytes)
    return fail(errc::configuration, "HTTPS: " + path + " is too large for a key or certificate");
  return text;
}

result<kj::Own<kj::TlsContext>> open_tls(const http_door_options::tls_files& files) {
  const auto certificate = read_pem(files.certificate);
  if (!certificate) return tl::unexpected(certificate.error());
  const auto key = read_pem(files.private_key);
  if (!key) return tl::unexpected(key.error());
  const runtime::kj_log to_our_log;
  try {
    const kj::TlsKeypair pair{kj::TlsPrivateKey(kj::StringPtr(key->c_str())),
                              kj::TlsCertificate(kj::StringPtr(certificate->c_str()))};
    kj::TlsContext::Options options;
    options.useSystemTrustStore = false;
    options.verifyClients = false;
    options.defaultKeypair = pair;
    options.minVersion = kj::TlsVersion::TLS_1_2;
    return kj::heap<kj::TlsContext>(options);
  } catch (const kj::Exception& e) {
    return fail(errc::configuration, "HTTPS: " + files.certificate + " and " + files.private_key +
                                         " are no certificate and key: " + runtime::reason_of(e));
  }
}

} // namespace

result<http_door> spawn_http_door(runtime::loop& home, http_door_options options,
                                  http_lookup lookup) {
  if (options.listen.empty())
    return fail(errc::configuration, "HTTP: there is no address to listen on");
  auto signer = url_signer::make(std::move(options.url_keys));
  if (!signer) return tl::unexpected(signer.error());
  http_door out;
  door_sockets sockets;
  if (options.tls) {
    auto tls = open_tls(*options.tls);
    if (!tls) return tl::unexpected(tls.error());
    sockets.tls = kj::mv(*tls);
  }
  for (const auto& at : options.listen) {
    auto opened = open_socket(at, options.share_port);
    if (!opened) return tl::unexpected(opened.error());
    sockets.listening.push_back(kj::mv(opened->first));
    out.listening.push_back(opened->second);
  }
  out.handle = runtime::spawn_on<door_actor>(
      home, std::make_shared<door_actor::parts>(door_actor::parts{
                kj::mv(sockets), std::move(options), std::move(lookup), std::move(*signer)}));
  return out;
}

} // namespace interswarm::http
