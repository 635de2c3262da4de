#include "modes/compare/live/client_web.hpp"

#include <kj/async-io.h>
#include <kj/compat/http.h>

namespace interswarm::compare {

namespace {

constexpr auto patience = 60 * kj::SECONDS;
constexpr std::uint64_t most_bytes = 16 << 20;

} // namespace

struct client_web::hands {
  explicit hands(std::uint16_t p) : port(p), io(kj::setupAsyncIo()) {
    kj::HttpHeaderTable::Builder builder;
    session = builder.add("X-Transmission-Session-Id");
    table = builder.build();
  }

  kj::Promise<answer> call(const std::string& path, const std::string& json,
                           const std::string& known) {
    return io.provider->getNetwork()
        .parseAddress("127.0.0.1", port)
        .then([](kj::Own<kj::NetworkAddress> at) {
          auto connecting = at->connect();
          return connecting.attach(kj::mv(at));
        })
        .then([this, path, json, known](kj::Own<kj::AsyncIoStream> stream) {
          auto client = kj::newHttpClient(*table, *stream);
          kj::HttpHeaders headers(*table);
          headers.set(kj::HttpHeaderId::HOST, kj::str("127.0.0.1:", port));
          headers.set(kj::HttpHeaderId::CONTENT_TYPE, "application/json"_kj);
          if (!known.empty()) headers.set(session, kj::str(known.c_str()));
          auto request = client->request(kj::HttpMethod::POST, kj::StringPtr(path.c_str()), headers,
                                         json.size());
          auto body = kj::heapString(json.data(), json.size());
          auto sent = request.body->write(body.begin(), body.size())
                          .attach(kj::mv(body), kj::mv(request.body));
          return sent
              .then([response = kj::mv(request.response)]() mutable { return kj::mv(response); })
              .then([this](kj::HttpClient::Response&& r) {
                answer out;
                out.status = r.statusCode;
                KJ_IF_MAYBE (given, r.headers->get(session)) out.session = given->cStr();
                auto all = r.body->readAllText(most_bytes);
                return all.attach(kj::mv(r.body)).then([out](kj::String&& text) mutable {
                  out.body.assign(text.begin(), text.size());
                  return out;
                });
              })
              .attach(kj::mv(client))
              .attach(kj::mv(stream)); // goes last
        });
  }

  std::uint16_t port;
  kj::AsyncIoContext io;
  kj::HttpHeaderId session;
  kj::Own<kj::HttpHeaderTable> table;
};

client_web::client_web(std::uint16_t port) : hands_(std::make_unique<hands>(port)) {}
client_web::~client_web() = default;

result<client_web::answer> client_web::post(const std::string& path, const std::string& json,
                                            const std::string& session) {
  try {
    return hands_->io.provider->getTimer()
        .timeoutAfter(patience, hands_->call(path, json, session))
        .wait(hands_->io.waitScope);
  } catch (const kj::Exception& e) {
    return fail(errc::unavailable,
                "port " + std::to_string(hands_->port) + ": " + e.getDescription().cStr());
  }
}

} // namespace interswarm::compare
