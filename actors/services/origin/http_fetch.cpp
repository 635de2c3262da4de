#include "actors/services/origin/http_fetch.hpp"

#include "actors/runtime/reason.hpp"
#include "actors/services/origin/limits.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <kj/debug.h>

namespace interswarm::origin {

namespace {

/// The PEM certificates of a text, one by one: KJ takes a text of several for one chain.
kj::Array<kj::TlsCertificate> certificates_in(const std::string& text) {
  constexpr std::string_view first_line = "-----BEGIN CERTIFICATE-----";
  kj::Vector<kj::TlsCertificate> out;
  for (auto at = text.find(first_line); at != text.npos && out.size() < limits::authorities;) {
    const auto next = text.find(first_line, at + first_line.size());
    const auto one = text.substr(at, next == text.npos ? next : next - at);
    out.add(kj::TlsCertificate(kj::StringPtr(one.c_str())));
    at = next;
  }
  return out.releaseAsArray();
}

kj::Own<kj::TlsContext> make_tls(const std::string& authorities) {
  const auto trusted = certificates_in(authorities);
  if (!authorities.empty() && trusted.size() == 0)
    kj::throwFatalException(KJ_EXCEPTION(FAILED, "there is no PEM certificate"));
  kj::TlsContext::Options options;
  options.useSystemTrustStore = true;
  options.trustedCertificates = trusted;
  options.minVersion = kj::TlsVersion::TLS_1_2;
  return kj::heap<kj::TlsContext>(options);
}

tl::unexpected<fetch_failure> definite(errc code, std::string text) {
  return tl::unexpected<fetch_failure>(fetch_failure{{code, std::move(text)}, true});
}
tl::unexpected<fetch_failure> passing(const std::string& what, const kj::Exception& e) {
  return tl::unexpected<fetch_failure>(
      fetch_failure{{errc::unavailable, what + ": " + runtime::reason_of(e)}, false});
}

/// KJ keeps the addresses of a look-up to itself but prints them.
std::vector<endpoint> addresses_in(const kj::String& printed) {
  std::string_view rest(printed.begin(), printed.size());
  std::vector<endpoint> out;
  while (!rest.empty() && out.size() < limits::addresses) {
    const auto one = endpoint::parse(rest.substr(0, rest.find(',')));
    rest = rest.find(',') == rest.npos ? std::string_view{} : rest.substr(rest.find(',') + 1);
    if (one && std::find(out.begin(), out.end(), *one) == out.end()) out.push_back(*one);
  }
  return out;
}

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string lowered(kj::StringPtr text) {
  std::string out(text.cStr(), text.size());
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

} // namespace

/// A request on its way through redirects.
struct http_fetch::errand {
  http_request request;
  http_url at;
  std::size_t hops = 0;
  /// Private addresses of the URL that was given, which a redirect may lead to again.
  std::vector<endpoint> given;
};

http_fetch::http_fetch(runtime::loop& home, http_fetch_options options)
    : home_(home.shared_from_this()), options_(std::move(options)),
      tls_(make_tls(options_.authorities)) {
  kj::HttpHeaderTable::Builder builder;
  accept_encoding_ = builder.add("Accept-Encoding");
  if_range_ = builder.add("If-Range");
  range_ = builder.add("Range");
  user_agent_ = builder.add("User-Agent");
  table_ = builder.build();
}

kj::Promise<fetch_result> http_fetch::get(http_request request) {
  auto e = std::make_shared<errand>();
  e->at = request.url;
  e->request = std::move(request);
  auto work = home_->timer().timeoutAfter(options_.head_timeout.count() * kj::MILLISECONDS,
                                          hop(std::move(e)));
  return work.catch_([this](kj::Exception&& failed) -> fetch_result {
    if (failed.getType() == kj::Exception::Type::OVERLOADED)
      return tl::unexpected<fetch_failure>(
          {{errc::unavailable,
            "gave no answer in " + std::to_string(options_.head_timeout.count() / 1000) + " s"},
           false});
    return passing("gave no answer", failed);
  });
}

kj::Promise<fetch_result> http_fetch::hop(errand_ptr e) {
  return look_up(e->at)
      .then([this, e](addresses&& found) -> kj::Promise<stream_result> {
        if (found) found = permitted(*e, std::move(*found));
        if (!found) return stream_result(tl::unexpected(found.error()));
        return connect(e, std::move(*found), 0);
      })
      .then([this, e](stream_result&& stream) -> kj::Promise<fetch_result> {
        if (!stream) return fetch_result(tl::unexpected(stream.error()));
        return ask(e, kj::mv(*stream));
      });
}

kj::Promise<http_fetch::addresses> http_fetch::look_up(const http_url& url) {
  if (const auto literal = ip_address::parse(url.host))
    return addresses(std::vector<endpoint>{{*literal, url.port}});
  return home_->io()
      .provider->getNetwork()
      .parseAddress(kj::StringPtr(url.host.c_str()), url.port)
      .then(
          [](kj::Own<kj::NetworkAddress>&& found) -> addresses {
            return addresses_in(found->toString());
          },
          [](kj::Exception&& failed) -> addresses {
            return passing("its name could not be looked up", failed);
          });
}

/// The addresses that a connection may go to. They are what is connected to: the name is not looked
/// up again.
http_fetch::addresses http_fetch::permitted(errand& e, std::vector<endpoint> found) const {
  const auto refused = [&](const endpoint& at) {
    if (is_public(at.address) || options_.private_to == private_addresses::allow) return false;
    if (options_.private_to == private_addresses::refuse) return true;
    if (e.hops == 0) {
      e.given.push_back(at);
      return false;
    }
    return std::find(e.given.begin(), e.given.end(), at) == e.given.end();
  };
  found.erase(std::remove_if(found.begin(), found.end(), refused), found.end());
  if (!found.empty()) return found;
  if (e.hops > 0)
    return definite(errc::denied, "redirects to " + e.at.server() +
                                      ", an address of a private network, which is refused");
  return definite(errc::denied, "is at an address of a private network, which the configuration "
                                "does not allow to pull from");
}

kj::Promise<http_fetch::stream_result> http_fetch::connect(errand_ptr e, std::vector<endpoint> to,
                                                           std::size_t next) {
  const auto text = to[next].to_string();
  auto dial = home_->io()
                  .provider->getNetwork()
                  .parseAddress(kj::StringPtr(text.c_str()))
                  .then([](kj::Own<kj::NetworkAddress> at) {
                    auto made = at->connect();
                    return made.attach(kj::mv(at));
                  });
  return home_->timer()
      .timeoutAfter(options_.connect_timeout.count() * kj::MILLISECONDS, kj::mv(dial))
      .then([this, e](kj::Own<kj::AsyncIoStream> stream) { return protect(e, kj::mv(stream)); },
            [this, e, to = std::move(to),
             next](kj::Exception&& failed) mutable -> kj::Promise<stream_result> {
              if (next + 1 < to.size()) return connect(e, std::move(to), next + 1);
              return stream_result(passing("did not take a connection", failed));
            });
}

kj::Promise<http_fetch::stream_result> http_fetch::protect(const errand_ptr& e,
                                                           kj::Own<kj::AsyncIoStream> stream) {
  if (!e->at.tls) return stream_result(kj::mv(stream));
  return tls_->wrapClient(kj::mv(stream), kj::StringPtr(e->at.host.c_str()))
      .then([](kj::Own<kj::AsyncIoStream> made) { return stream_result(kj::mv(made)); },
            [](kj::Exception&& failed) -> stream_result {
              // A lost connection may come back, a certificate that is not right will not.
              if (failed.getType() == kj::Exception::Type::DISCONNECTED)
                return passing("broke the TLS handshake off", failed);
              return definite(errc::denied,
                              "failed the TLS handshake: " + runtime::reason_of(failed));
            });
}

kj::HttpHeaders http_fetch::headers_of(const errand& e) const {
  kj::HttpHeaders out(*table_);
  out.set(kj::HttpHeaderId::HOST, kj::str(e.at.authority().c_str()));
  out.set(user_agent_, kj::str(options_.user_agent.c_str()));
  out.set(accept_encoding_, kj::StringPtr("identity"));
  if (e.request.range) out.set(range_, kj::str(e.request.range->c_str()));
  if (e.request.if_range) out.set(if_range_, kj::str(e.request.if_range->c_str()));
  if (e.at.server() != e.request.url.server()) return out;
  for (const auto& [name, value] : e.request.secret)
    out.add(kj::str(name.c_str()), kj::str(value.c_str()));
  return out;
}

response_head http_fetch::head_of(const kj::HttpClient::Response& r) const {
  response_head out;
  out.status = r.statusCode;
  r.headers->forEach([&out](kj::StringPtr name, kj::StringPtr value) {
    out.fields.emplace(lowered(name), std::string(value.cStr(), value.size()));
  });
  // KJ takes no other coding than chunks.
  out.chunked = out.fields.count("transfer-encoding") > 0;
  return out;
}

kj::Promise<fetch_result> http_fetch::ask(errand_ptr e, kj::Own<kj::AsyncIoStream> stream) {
  auto client = kj::newHttpClient(*table_, *stream);
  auto request =
      client->request(kj::HttpMethod::GET, kj::StringPtr(e->at.target.c_str()), headers_of(*e));
  return request.response.attach(kj::mv(request.body))
      .then(
          [this, e, stream = kj::mv(stream), client = kj::mv(client)](
              kj::HttpClient::Response&& r) mutable -> kj::Promise<fetch_result> {
            http_response out{head_of(r), r.body.attach(kj::mv(client)).attach(kj::mv(stream))};
            const auto location = out.head.field("location");
            if (!is_redirect(out.head.status) || !location) return fetch_result(std::move(out));
            if (auto refused = redirect(*e, *location))
              return fetch_result(tl::unexpected(std::move(*refused)));
            out.body = nullptr;
            return hop(e);
          },
          [](kj::Exception&& failed) -> kj::Promise<fetch_result> {
            return fetch_result(passing("gave no valid answer", failed));
          });
}

/// Turns the errand to where it was sent, or says why not.
std::optional<fetch_failure> http_fetch::redirect(errand& e, std::string_view location) const {
  const auto refuse = [](errc code, std::string text) {
    return fetch_failure{{code, std::move(text)}, true};
  };
  if (++e.hops > limits::redirects)
    return refuse(errc::denied,
                  "redirects more than " + std::to_string(limits::redirects) + " times");
  const auto to = e.at.resolve(location);
  if (!to) return refuse(errc::malformed, "redirects to what is no HTTP URL: " + to.error().text);
  if (e.at.tls && !to->tls)
    return refuse(errc::denied, "redirects from https to http, which is refused");
  e.at = *to;
  return std::nullopt;
}

result<void> check_request_header(const request_header& header) {
  static constexpr std::array<std::string_view, 12> ours{
      "accept-encoding",   "connection", "content-length", "expect", "host",
      "if-range",          "keep-alive", "range",          "te",     "trailer",
      "transfer-encoding", "upgrade"};
  const auto& [name, value] = header;
  const auto is_token_character = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character))
    return fail(errc::malformed, "an extra request header's name is not one");
  if (name.size() + value.size() > limits::request_header_bytes)
    return fail(errc::too_large, "an extra request header is longer than " +
                                     std::to_string(limits::request_header_bytes) + " bytes");
  const auto low = lowered(kj::StringPtr(name.c_str(), name.size()));
  if (std::find(ours.begin(), ours.end(), low) != ours.end())
    return fail(errc::malformed, "the request header " + name + " cannot be set by configuration");
  const auto breaks = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  };
  if (std::any_of(value.begin(), value.end(), breaks))
    return fail(errc::malformed, "the request header " + name + " holds a control character");
  return {};
}

} // namespace interswarm::origin
