#include "actors/services/http/http_service.hpp"

#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/http/content_right.hpp"
#include "actors/services/http/field_text.hpp"
#include "actors/services/http/http_date.hpp"
#include "schema/base/encoding.hpp"

#include <array>

namespace interswarm::http {

namespace {

constexpr std::string_view not_here = "no such content here";
constexpr std::string_view allowed_methods = "GET, HEAD, OPTIONS";
constexpr std::string_view retry_after_s = "2";

std::string_view view(kj::StringPtr text) { return {text.begin(), text.size()}; }

/// The names and values must live until the headers have been sent.
kj::HttpHeaders to_kj(const kj::HttpHeaderTable& table, const header_fields& fields) {
  kj::HttpHeaders out(table);
  for (const auto& [name, value] : fields)
    out.add(kj::StringPtr(name.data(), name.size()), kj::StringPtr(value.c_str(), value.size()));
  return out;
}

bool wants_close(const kj::HttpHeaders& headers) {
  KJ_IF_MAYBE (value, headers.get(kj::HttpHeaderId::CONNECTION)) {
    auto list = view(*value);
    while (!list.empty()) {
      const auto comma = std::min(list.find(','), list.size());
      if (same_word(trimmed(list.substr(0, comma)), "close")) return true;
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  return false;
}

/// The names of statuses that a lookup's or source's failure becomes, and what is said with them.
std::pair<unsigned, std::string_view> status_of(errc code, bool of_source) {
  switch (code) {
  case errc::overloaded: return {503, "too much is asked for; come again"};
  case errc::timed_out: return {504, "the content did not come in time"};
  case errc::unavailable:
    if (!of_source) return {503, "nobody can say now; come again"};
    break;
  case errc::not_found:
    if (!of_source) return {404, not_here};
    break;
  case errc::denied:
    if (!of_source) return {403, "you may not ask here"};
    break;
  case errc::malformed:
    if (!of_source) return {400, "this names no content"};
    break;
  default: break;
  }
  if (of_source) return {502, "the content cannot be had from where it is"};
  return {500, "this server failed"};
}

} // namespace

door_state::door_state(runtime::loop& at, http_door_options o, http_lookup l, url_signer s,
                       source_reader r)
    : home(at), options(std::move(o)), lookup(std::move(l)), signer(std::move(s)),
      read(std::move(r)) {
  std::random_device seed;
  random.seed(std::uint64_t{seed()} << 32 | seed());
  kj::HttpHeaderTable::Builder builder;
  authorization = builder.add("Authorization");
  range = builder.add("Range");
  if_range = builder.add("If-Range");
  if_match = builder.add("If-Match");
  if_none_match = builder.add("If-None-Match");
  if_modified_since = builder.add("If-Modified-Since");
  if_unmodified_since = builder.add("If-Unmodified-Since");
  headers = builder.build();
}

kj::Promise<void> send_line(const kj::HttpHeaderTable& table, kj::HttpService::Response& response,
                            unsigned status, std::string text, const header_fields& more) {
  header_fields fields{{"Date", format_http_date(runtime::unix_seconds())},
                       {"Cache-Control", "no-store"},
                       {"Content-Type", "text/plain; charset=utf-8"},
                       {"X-Content-Type-Options", "nosniff"}};
  fields.insert(fields.end(), more.begin(), more.end());
  auto body = kj::heapString((text + '\n').c_str());
  auto out = response.send(status, reason_phrase(status), to_kj(table, fields), body.size());
  auto written = out->write(body.begin(), body.size());
  return written.attach(kj::mv(out), kj::mv(body));
}

/// A lookup under way, shared with whoever answers it.
struct http_service::pending {
  std::optional<result<http_content>> answer;
  runtime::on_loop<kj::Own<kj::PromiseFulfiller<void>>> wake;
};

kj::Promise<void> http_service::request(kj::HttpMethod method, kj::StringPtr url,
                                        const kj::HttpHeaders& headers, kj::AsyncInputStream&,
                                        Response& response) {
  stream_.begin_request();
  close_ = wants_close(headers);
  return kj::evalNow([&] { return route(method, url, headers, response); })
      .attach(kj::defer([this] {
        stream_.end_request();
        if (std::exchange(counted_, false)) --door_.in_flight;
      }));
}

kj::Promise<void> http_service::route(kj::HttpMethod method, kj::StringPtr url,
                                      const kj::HttpHeaders& headers, Response& response) {
  using kind = request_target::kind;
  const bool head = method == kj::HttpMethod::HEAD;
  if (!head && method != kj::HttpMethod::GET && method != kj::HttpMethod::OPTIONS)
    return line(405, "only GET, HEAD and OPTIONS are answered here", response,
                {{"Allow", std::string(allowed_methods)}});
  const auto target = parse_target(view(url));
  if (target.what == kind::malformed) return line(400, "this URL is malformed", response);
  if (method == kj::HttpMethod::OPTIONS) {
    content_answer out{204, preflight_headers(), 0, {}};
    begin(out, false, response);
    return kj::READY_NOW;
  }
  if (target.what == kind::health) return line(200, "ok", response);
  if (target.what != kind::content) return line(404, std::string(not_here), response);
  if (door_.in_flight >= door_.options.requests_in_flight)
    return refuse({errc::overloaded, {}}, false, response);
  ++door_.in_flight;
  counted_ = true;
  return find(target, read_fields(head, headers), token_of(headers), response);
}

content_request http_service::read_fields(bool head, const kj::HttpHeaders& headers) const {
  const auto get = [&](kj::HttpHeaderId id) -> std::optional<std::string> {
    KJ_IF_MAYBE (value, headers.get(id)) return std::string(view(*value));
    return std::nullopt;
  };
  return {head,
          get(door_.range),
          {get(door_.if_match), get(door_.if_none_match), get(door_.if_modified_since),
           get(door_.if_unmodified_since), get(door_.if_range)}};
}

/// RFC 6750 section 2.1. Another scheme is as no token at all.
std::string http_service::token_of(const kj::HttpHeaders& headers) const {
  constexpr std::string_view scheme = "Bearer ";
  KJ_IF_MAYBE (value, headers.get(door_.authorization)) {
    const auto text = view(*value);
    if (starts_with_word(text, scheme) && text.size() <= scheme.size() + limits::token_bytes)
      return std::string(trimmed(text.substr(scheme.size())));
  }
  return {};
}

kj::Promise<void> http_service::find(const request_target& target, content_request asked,
                                     std::string token, Response& response) {
  http_question question{target.name, std::move(token), stream_.peer().to_string(), false};
  if (target.signature) {
    const auto good = door_.signer.check(target.name, *target.signature, runtime::unix_seconds());
    if (!good) return line(403, good.error().text, response);
    question.signed_ok = true;
  }
  const auto waiting = look_up(std::move(question));
  if (waiting->answer) return found(*waiting->answer, asked, response);
  return wait_for(waiting).then([this, waiting, asked = std::move(asked), &response] {
    return found(*waiting->answer, asked, response);
  });
}

std::shared_ptr<http_service::pending> http_service::look_up(http_question question) {
  auto asked = std::make_shared<pending>();
  door_.lookup(std::move(question), [asked](result<http_content> found) {
    if (asked->answer) return;
    asked->answer = std::move(found);
    if (asked->wake) (*asked->wake)->fulfill();
  });
  return asked;
}

/// Until there is an answer; the lookup's time is bounded.
kj::Promise<void> http_service::wait_for(const std::shared_ptr<pending>& asked) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  asked->wake =
      runtime::on_loop<kj::Own<kj::PromiseFulfiller<void>>>(door_.home, kj::mv(paf.fulfiller));
  auto late = door_.home.timer()
                  .afterDelay(door_.options.answer_timeout.count() * kj::MILLISECONDS)
                  .then([asked] {
                    if (!asked->answer) asked->answer = fail(errc::timed_out, {});
                  });
  return paf.promise.exclusiveJoin(kj::mv(late));
}

kj::Promise<void> http_service::found(const result<http_content>& content,
                                      const content_request& asked, Response& response) {
  if (!content) return refuse(content.error(), false, response);
  return answer(*content, asked, response);
}

kj::Promise<void> http_service::answer(const http_content& content, const content_request& asked,
                                       Response& response) {
  const std::array boundary{door_.random(), door_.random()};
  auto made = answer_content(
      asked, content, runtime::unix_seconds(),
      asked.range ? to_hex({reinterpret_cast<const byte*>(boundary.data()), sizeof boundary})
                  : std::string());
  if (!made.parts.empty() && made.length > 0) return send_body(content, std::move(made), response);
  begin(made, asked.head, response);
  return kj::READY_NOW;
}

content_transfer::reader http_service::reader_of(const msg::source_actor& source) const {
  return [&door = door_, source](const body_window::read& r, std::chrono::milliseconds limit,
                                 std::function<void(result<slice>)> then) {
    const msg::source_read wanted{
        {r.range.begin, r.range.end}, static_cast<std::uint32_t>(limit.count()), r.urgent};
    door.read(source, wanted, limit, std::move(then));
  };
}

/// Nothing is sent before the first bytes are there: until then a failure can still be told.
kj::Promise<void> http_service::send_body(const http_content& content, content_answer answer,
                                          Response& response) {
  const bool one_write =
      content.at_hand && answer.parts.size() == 1 && answer.parts.front().text.empty() &&
      answer.length <= limits::write_bytes && door_.options.bytes_per_second == 0;
  if (one_write) {
    auto data = content.at_hand(answer.parts.front().range);
    if (data.size() == answer.length)
      return send_at_hand(content, answer, std::move(data), response);
  }
  const auto transfer = std::make_shared<content_transfer>(
      door_.home.timer(), reader_of(content.source), std::move(answer.parts),
      content_transfer::limits_of_time{door_.options.answer_timeout, door_.options.read_timeout},
      pace_, content.sent);
  auto begun = transfer->first_bytes();
  return begun.then([this, transfer, answer = std::move(answer), right = content.right,
                     &response](result<void> ok) -> kj::Promise<void> {
    if (!ok) return refuse(ok.error(), true, response);
    if (right && right->ended()) return refuse({errc::not_found, {}}, false, response);
    stream_.hold_next_write();
    auto out = begin(answer, false, response);
    auto writing = transfer->write_to(*out);
    auto written = writing.attach(kj::mv(out), kj::cp(transfer));
    if (!right) return kj::mv(written);
    // Also what was read ahead stays here.
    return written.exclusiveJoin(right->when_ended()).attach(kj::cp(right));
  });
}

/// A small answer without a read: one write, with its head.
kj::Promise<void> http_service::send_at_hand(const http_content& content,
                                             const content_answer& answer, slice data,
                                             Response& response) {
  stream_.hold_next_write();
  auto out = begin(answer, false, response);
  auto written = out->write(data.data(), data.size());
  return written.then([out = kj::mv(out), data = std::move(data), sent = content.sent] {
    if (sent) sent(data.size());
  });
}

kj::Own<kj::AsyncOutputStream> http_service::begin(const content_answer& answer, bool head,
                                                   Response& response) {
  auto headers = to_kj(*door_.headers, answer.headers);
  // kj-http takes a length of 0 for none when it answers HEAD.
  if (head && answer.status != 304)
    headers.set(kj::HttpHeaderId::CONTENT_LENGTH, kj::str(answer.length));
  door_.close_this = close_;
  if (close_) stream_.close_after_answer();
  return response.send(answer.status, reason_phrase(answer.status), headers, answer.length);
}

kj::Promise<void> http_service::line(unsigned status, std::string text, Response& response,
                                     const header_fields& more) {
  door_.close_this = close_;
  if (close_) stream_.close_after_answer();
  return send_line(*door_.headers, response, status, std::move(text), more);
}

kj::Promise<void> http_service::refuse(const error& why, bool of_source, Response& response) {
  const auto [status, text] = status_of(why.code, of_source);
  header_fields more;
  if (status == 503) more.emplace_back("Retry-After", retry_after_s);
  return line(status, std::string(text), response, more);
}

} // namespace interswarm::http
