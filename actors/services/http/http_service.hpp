#pragma once

#include "actors/services/http/admission.hpp"
#include "actors/services/http/content_transfer.hpp"
#include "actors/services/http/door_stream.hpp"
#include "actors/services/http/http_door.hpp"

#include <kj/compat/http.h>
#include <random>

namespace interswarm::http {

/// Asks a source; calls back on the loop.
using source_reader =
    std::function<void(const msg::source_actor&, const msg::source_read&, std::chrono::milliseconds,
                       std::function<void(result<slice>)>)>;

/// What all connections of a door share.
struct door_state {
  door_state(runtime::loop& home, http_door_options options, http_lookup lookup, url_signer signer,
             source_reader read);

  runtime::loop& home;
  http_door_options options;
  http_lookup lookup;
  url_signer signer;
  source_reader read;
  std::mt19937_64 random;
  std::size_t in_flight = 0;
  /// The answer being begun is its connection's last.
  bool close_this = false;

  kj::HttpHeaderId authorization, range, if_range, if_match, if_none_match, if_modified_since,
      if_unmodified_since;
  kj::Own<kj::HttpHeaderTable> headers;
};

/// Answers one connection's requests.
class http_service final : public kj::HttpService {
public:
  http_service(door_state& door, door_stream& stream)
      : door_(door), stream_(stream), pace_(door.options.bytes_per_second) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            Response& response) override;

private:
  kj::Promise<void> route(kj::HttpMethod method, kj::StringPtr url, const kj::HttpHeaders& headers,
                          Response& response);
  kj::Promise<void> find(const request_target& target, content_request asked, std::string token,
                         Response& response);
  struct pending;
  std::shared_ptr<pending> look_up(http_question question);
  kj::Promise<void> wait_for(const std::shared_ptr<pending>& asked);
  kj::Promise<void> found(const result<http_content>& content, const content_request& asked,
                          Response& response);
  kj::Promise<void> answer(const http_content& content, const content_request& asked,
                           Response& response);
  kj::Promise<void> send_body(const http_content& content, content_answer answer,
                              Response& response);
  kj::Promise<void> send_at_hand(const http_content& content, const content_answer& answer,
                                 slice data, Response& response);
  content_request read_fields(bool head, const kj::HttpHeaders& headers) const;
  std::string token_of(const kj::HttpHeaders& headers) const;
  content_transfer::reader reader_of(const msg::source_actor& source) const;

  kj::Own<kj::AsyncOutputStream> begin(const content_answer& answer, bool head, Response& response);
  kj::Promise<void> line(unsigned status, std::string text, Response& response,
                         const header_fields& more = {});
  kj::Promise<void> refuse(const error& why, bool of_source, Response& response);

  door_state& door_;
  door_stream& stream_;
  pacer pace_;
  /// The client wants no further answer on this connection.
  bool close_ = false;
  /// Its request counts as one in flight.
  bool counted_ = false;
};

/// An answer of one line of text, which says nothing that is not for everybody.
kj::Promise<void> send_line(const kj::HttpHeaderTable& table, kj::HttpService::Response& response,
                            unsigned status, std::string text, const header_fields& more = {});

} // namespace interswarm::http
