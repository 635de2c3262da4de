#include "actors/overlays/ppsp/registrar_link.hpp"

#include "actors/overlays/ppsp/registrar_limits.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/socket_address.hpp"

#include <algorithm>
#include <kj/debug.h>

namespace interswarm::ppsp {

namespace {

/// The PEM certificates of a text, one by one: KJ takes a text of several for one chain.
kj::Own<kj::TlsContext> make_registrar_tls(const std::string& authorities) {
  constexpr std::string_view first_line = "-----BEGIN CERTIFICATE-----";
  kj::Vector<kj::TlsCertificate> trusted;
  for (auto at = authorities.find(first_line); at != authorities.npos;) {
    const auto next = authorities.find(first_line, at + first_line.size());
    const auto one = authorities.substr(at, next == authorities.npos ? next : next - at);
    trusted.add(kj::TlsCertificate(kj::StringPtr(one.c_str())));
    at = next;
  }
  if (!authorities.empty() && trusted.empty())
    kj::throwFatalException(KJ_EXCEPTION(FAILED, "there is no PEM certificate"));
  kj::TlsContext::Options options;
  options.useSystemTrustStore = true;
  options.trustedCertificates = trusted;
  options.minVersion = kj::TlsVersion::TLS_1_2;
  return kj::heap<kj::TlsContext>(options);
}

/// Addresses that listen anywhere become the one that the connection leaves from.
void name_local(tracker_request& request, kj::AsyncIoStream& stream) {
  auto* const c = std::get_if<connect_request>(&request.body);
  if (!c) return;
  sockaddr_storage raw{};
  kj::uint length = sizeof raw;
  stream.getsockname(reinterpret_cast<sockaddr*>(&raw), &length);
  const auto local = runtime::from_sockaddr(raw).address;
  for (auto& a : c->addresses) {
    if (a.at.address.is_unspecified() && a.at.address.is_v4() == local.is_v4())
      a.at.address = local;
  }
  std::erase_if(c->addresses, [](const peer_address& a) { return a.at.address.is_unspecified(); });
}

/// Without parameters; types are compared in any case.
bool is_tracker_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  const auto same = [&](std::string_view other) {
    return std::equal(type.begin(), type.end(), other.begin(), other.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  };
  return type.empty() || same(tracker_media_type) || same("application/json");
}

} // namespace

registrar_link::registrar_link(kj::Network& network, kj::Timer& timer, registrar_url url,
                               const registrar_options& options)
    : network_(network), timer_(timer), url_(std::move(url)),
      authorization_(options.authorization) {
  kj::HttpHeaderTable::Builder builder;
  accept_ = builder.add("Accept");
  authorization_field_ = builder.add("Authorization");
  user_agent_ = builder.add("User-Agent");
  table_ = builder.build();
  if (url_.tls) tls_ = make_registrar_tls(options.authorities);
}

kj::Promise<kj::Own<kj::AsyncIoStream>> registrar_link::connect() {
  return network_.parseAddress(kj::StringPtr(url_.host.c_str()), url_.port)
      .then([](kj::Own<kj::NetworkAddress> address) {
        auto stream = address->connect();
        return stream.attach(kj::mv(address));
      });
}

kj::Promise<registrar_reply> registrar_link::post(tracker_request request) {
  auto work = connect().then(
      [this, request = std::move(request)](
          kj::Own<kj::AsyncIoStream> stream) mutable -> kj::Promise<registrar_reply> {
        name_local(request, *stream);
        auto body = encode_tracker_request(request);
        if (!url_.tls) return exchange(kj::mv(stream), std::move(body));
        return tls_->wrapClient(kj::mv(stream), kj::StringPtr(url_.host.c_str()))
            .then([this, body = std::move(body)](kj::Own<kj::AsyncIoStream> safe) mutable {
              return exchange(kj::mv(safe), std::move(body));
            });
      });
  return timer_
      .timeoutAfter(limits::registrar_http_timeout.count() * kj::MILLISECONDS, kj::mv(work))
      .catch_([](kj::Exception&& e) {
        registrar_reply out;
        out.trouble = e.getType() == kj::Exception::Type::OVERLOADED
                          ? std::string("gave no answer in time")
                          : "unreachable (" + runtime::reason_of(e) + ")";
        return out;
      });
}

kj::Promise<registrar_reply> registrar_link::exchange(kj::Own<kj::AsyncIoStream> stream,
                                                      bytes body) {
  auto client = kj::newHttpClient(*table_, *stream);
  kj::HttpHeaders headers(*table_);
  headers.set(kj::HttpHeaderId::HOST, kj::str(url_.authority().c_str()));
  headers.set(kj::HttpHeaderId::CONTENT_TYPE, kj::str(tracker_media_type.data()));
  headers.set(accept_, kj::str(tracker_media_type.data()));
  headers.set(user_agent_, kj::StringPtr("interswarm/0.1"));
  if (!authorization_.empty()) headers.set(authorization_field_, kj::str(authorization_.c_str()));
  auto request = client->request(kj::HttpMethod::POST, kj::StringPtr(url_.target.c_str()), headers,
                                 std::uint64_t{body.size()});
  auto data = kj::heapArray<kj::byte>(body.data(), body.size());
  auto written = request.body->write(data.begin(), data.size()).attach(kj::mv(data));
  // The answer may come before all is written, and says more than a broken pipe.
  auto sent = written.catch_([](kj::Exception&&) {}).attach(kj::mv(request.body));
  // Each needs what is attached after it, and goes first.
  return request.response
      .then([this](kj::HttpClient::Response&& response) { return read(kj::mv(response)); })
      .catch_([](kj::Exception&& e) {
        registrar_reply out;
        out.trouble = "gave no valid answer (" + runtime::reason_of(e) + ")";
        return out;
      })
      .attach(sent.eagerlyEvaluate(nullptr))
      .attach(kj::mv(client))
      .attach(kj::mv(stream));
}

kj::Promise<registrar_reply> registrar_link::read(kj::HttpClient::Response&& response) {
  registrar_reply out;
  const auto status = response.statusCode;
  if (status != 200) {
    out.trouble = "answers with HTTP status " + std::to_string(status);
    out.denied = status == 401 || status == 403;
    return out;
  }
  KJ_IF_MAYBE (type, response.headers->get(kj::HttpHeaderId::CONTENT_TYPE)) {
    if (!is_tracker_type({type->begin(), type->size()})) {
      out.trouble = "answers with something else than a tracker's answer";
      return out;
    }
  }
  auto body = kj::mv(response.body);
  auto all = body->readAllBytes(limits::tracker_response_bytes);
  return all.attach(kj::mv(body)).then([](kj::Array<kj::byte> data) {
    registrar_reply whole;
    whole.body.assign(data.begin(), data.end());
    return whole;
  });
}

result<void> check_authorities(const std::string& authorities) {
  result<void> out;
  KJ_IF_MAYBE (e, kj::runCatchingExceptions([&] { (void)make_registrar_tls(authorities); }))
    out = fail(errc::configuration, "the certificates to trust: " + runtime::reason_of(*e));
  return out;
}

} // namespace interswarm::ppsp
