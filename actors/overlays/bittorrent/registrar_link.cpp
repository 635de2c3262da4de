#include "actors/overlays/bittorrent/registrar_link.hpp"

#include "actors/overlays/bittorrent/udp_front.hpp"
#include "actors/runtime/datagram.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/socket_address.hpp"
#include "schema/base/encoding.hpp"
#include "schema/bittorrent/http_tracker.hpp"

#include <algorithm>
#include <kj/compat/http.h>
#include <kj/compat/tls.h>
#include <random>
#include <unistd.h>

namespace interswarm::bittorrent {

namespace {

kj::Own<kj::NetworkAddress> to_kj(kj::AsyncIoContext& io, const endpoint& e) {
  sockaddr_storage a;
  const auto length = runtime::to_sockaddr(e, a);
  return io.provider->getNetwork().getSockaddr(&a, length);
}

/// Failures are told where they belong; what reaches this is none.
class no_errors final : public kj::TaskSet::ErrorHandler {
public:
  void taskFailed(kj::Exception&&) override {}
};

class http_link final : public registrar_link {
public:
  http_link(kj::AsyncIoContext& io, tracker_url url, const endpoint& at,
            const registrar_options& options, answers to)
      : io_(io), url_(std::move(url)), options_(options), answers_(std::move(to)),
        address_(to_kj(io, at)), tasks_(errors_) {
    kj::HttpHeaderTable::Builder builder;
    user_agent_ = builder.add("User-Agent");
    table_ = builder.build();
    if (url_.via == tracker_url::transport::https) tls_ = kj::heap<kj::TlsContext>();
  }

  void tick(std::uint64_t) override {}

  void send(const registrar_desk::task& task) override {
    const bool scrape = task.what == registrar_desk::kind::scrape;
    const auto query = scrape ? http_tracker::encode_scrape_query(task.names)
                              : http_tracker::encode_announce_query(task.announce, task.tracker_id);
    const auto base = scrape ? url_.scrape_path().value_or(url_.path) : url_.path;
    auto work = io_.provider->getTimer().timeoutAfter(options_.http_timeout_ms * kj::MILLISECONDS,
                                                      get(http_tracker::join_query(base, query)));
    tasks_.add(work.then(
        [this, id = task.id, scrape](reply r) { answered(id, scrape, r); },
        [this, id = task.id](kj::Exception&& e) { answers_.failed(id, runtime::reason_of(e)); }));
  }

private:
  struct reply {
    kj::uint status = 0;
    kj::Array<kj::byte> body;
  };

  void answered(std::uint64_t id, bool scrape, const reply& r) {
    const byte_view body{r.body.begin(), r.body.size()};
    if (scrape) {
      if (const auto s = http_tracker::decode_scrape_response(body))
        return answers_.scraped(id, *s);
    } else if (const auto a = http_tracker::decode_announce_response(body)) {
      return answers_.announced(id, *a);
    }
    answers_.failed(id, r.status == 200
                            ? "what it answers is no tracker's answer"
                            : "it answers with HTTP status " + std::to_string(r.status));
  }

  /// A connection for each request: announces are minutes apart, and many trackers close after one.
  kj::Promise<reply> get(std::string path) {
    return address_->connect()
        .then([this](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<kj::Own<kj::AsyncIoStream>> {
          if (!tls_) return kj::mv(stream);
          return tls_->wrapClient(kj::mv(stream), kj::StringPtr(url_.host.c_str()));
        })
        .then([this, path = std::move(path)](kj::Own<kj::AsyncIoStream> stream) {
          auto client = kj::newHttpClient(*table_, *stream);
          kj::HttpHeaders headers(*table_);
          headers.set(kj::HttpHeaderId::HOST, kj::str(url_.authority().c_str()));
          headers.set(user_agent_, kj::str("interswarm/0.1"));
          auto request = client->request(kj::HttpMethod::GET, kj::StringPtr(path.c_str()), headers);
          return request.response
              .then([](kj::HttpClient::Response&& r) {
                auto body = kj::mv(r.body);
                auto all = body->readAllBytes(limits::http_response_bytes);
                return all.attach(kj::mv(body))
                    .then([status = r.statusCode](kj::Array<kj::byte> bytes) {
                      return reply{status, kj::mv(bytes)};
                    });
              })
              .attach(kj::mv(request.body))
              .attach(kj::mv(client))
              .attach(kj::mv(stream));
        });
  }

  kj::AsyncIoContext& io_;
  tracker_url url_;
  registrar_options options_;
  answers answers_;
  kj::Own<kj::NetworkAddress> address_;
  kj::Own<kj::HttpHeaderTable> table_;
  kj::HttpHeaderId user_agent_;
  kj::Own<kj::TlsContext> tls_;
  no_errors errors_;
  // Uses all of the above: ends first.
  kj::TaskSet tasks_;
};

class udp_link final : public registrar_link {
public:
  udp_link(kj::AsyncIoContext& io, const tracker_url& url, const endpoint& at,
           const registrar_options& options, answers to)
      : url_path_(url.path == "/" ? "" : url.path), v6_(!at.address.is_v4()),
        answers_(std::move(to)), address_(to_kj(io, at)), address_text_(address_->toString()),
        port_(to_kj(io, {v6_ ? ip_address{} : ip_address::v4(0), 0})->bindDatagramPort()),
        receiver_(port_->makeReceiver({limits::udp_packet_bytes, 0})),
        dialog_(options.udp,
                [random = std::mt19937(std::random_device{}())]() mutable {
                  return static_cast<std::uint32_t>(random());
                }),
        tasks_(errors_) {
    tasks_.add(receive());
  }

  void send(const registrar_desk::task& task) override {
    const auto now_ms = tracker_now_ms();
    run(task.what == registrar_desk::kind::scrape
            ? dialog_.scrape(task.id, task.names, now_ms)
            : dialog_.announce(task.id, task.announce, url_path_, now_ms));
  }
  void tick(std::uint64_t now_ms) override { run(dialog_.tick(now_ms)); }

private:
  kj::Promise<void> receive() {
    return receiver_->receive().then([this] {
      const auto packet = receiver_->getContent();
      // Only the tracker itself is listened to; a cut packet is none of its answers.
      if (!packet.isTruncated && receiver_->getSource().toString() == address_text_)
        run(dialog_.received({packet.value.begin(), packet.value.size()}, v6_, tracker_now_ms()));
      return receive();
    });
  }

  void run(udp_dialog::effects effects) {
    for (auto& packet : effects.packets) {
      auto data = kj::heapArray<kj::byte>(packet.data(), packet.size());
      tasks_.add(runtime::send_datagram(*port_, kj::mv(data), *address_));
    }
    for (const auto& done : effects.finished) finish(done);
  }

  void finish(const udp_dialog::done& done) {
    if (!done.what)
      answers_.failed(done.request, done.what.error());
    else if (done.what->what == udp_tracker::action::scrape)
      answers_.scraped(done.request, done.what->scrape);
    else
      answers_.announced(done.request, done.what->announce);
  }

  std::string url_path_;
  bool v6_;
  answers answers_;
  kj::Own<kj::NetworkAddress> address_;
  kj::String address_text_;
  kj::Own<kj::DatagramPort> port_;
  kj::Own<kj::DatagramReceiver> receiver_;
  udp_dialog dialog_;
  no_errors errors_;
  kj::TaskSet tasks_;
};

} // namespace

kj::Own<registrar_link> make_http_link(kj::AsyncIoContext& io, const tracker_url& url,
                                       const endpoint& at, const registrar_options& options,
                                       registrar_link::answers answers) {
  return kj::heap<http_link>(io, url, at, options, std::move(answers));
}

kj::Own<registrar_link> make_udp_link(kj::AsyncIoContext& io, const tracker_url& url,
                                      const endpoint& at, const registrar_options& options,
                                      registrar_link::answers answers) {
  return kj::heap<udp_link>(io, url, at, options, std::move(answers));
}

kj::Promise<std::vector<endpoint>> look_up(kj::AsyncIoContext& io, const tracker_url& url) {
  if (const auto literal = ip_address::parse(url.host))
    return std::vector<endpoint>{{*literal, url.port}};
  return io.provider->getNetwork()
      .parseAddress(kj::StringPtr(url.host.c_str()), url.port)
      .then([](kj::Own<kj::NetworkAddress> found) {
        // KJ keeps the addresses to itself but prints them.
        const auto text = found->toString();
        std::string_view rest(text.begin(), text.size());
        std::vector<endpoint> out;
        while (!rest.empty()) {
          const auto one = endpoint::parse(rest.substr(0, rest.find(',')));
          rest = rest.find(',') == rest.npos ? std::string_view{} : rest.substr(rest.find(',') + 1);
          const auto same_family = [&](const endpoint& e) {
            return e.address.is_v4() == one->address.is_v4();
          };
          if (one && std::none_of(out.begin(), out.end(), same_family)) out.push_back(*one);
        }
        return out;
      });
}

ip_address source_address_for(const endpoint& to) {
  sockaddr_storage a;
  auto length = runtime::to_sockaddr(to, a);
  // Connecting a datagram socket sends nothing; it only asks the routing table.
  const int fd = ::socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  ip_address out;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&a), length) == 0) {
    length = sizeof a;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &length);
    out = runtime::from_sockaddr(a).address;
  }
  ::close(fd);
  return out;
}

} // namespace interswarm::bittorrent
