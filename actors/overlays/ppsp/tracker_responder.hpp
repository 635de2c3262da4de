#pragma once

#include "actors/overlays/ppsp/tracker_book.hpp"
#include "actors/runtime/address_limiter.hpp"

namespace interswarm::ppsp {

/// What a tracker did since it began.
struct tracker_counts {
  std::uint64_t connects = 0;
  std::uint64_t finds = 0;
  std::uint64_t reports = 0;
  /// Answered with an error, by its code.
  std::array<std::uint64_t, static_cast<std::size_t>(last_tracker_error) + 1> refused{};
  /// Not a tracker's business: wrong method, path, media type or size.
  std::uint64_t foreign = 0;
  /// Too many requests of one address.
  std::uint64_t dropped = 0;
};

/// {"swarms":…,"registered":…,…,"refused":{"bad request":…}}
std::string to_json(const tracker_totals& t, const tracker_counts& c);
/// Prometheus' text format.
std::string to_prometheus(const tracker_totals& t, const tracker_counts& c);

/// What the tracker answers over HTTP (RFC 7846): errors of the protocol are JSON in a 200, those
/// of the transport HTTP's own. A POST to any path is a request, for the RFC names none. No socket,
/// no clock; for one thread.
class tracker_responder {
public:
  tracker_responder(tracker_book& book, tracker_responder_options options, std::uint64_t seed);

  struct question {
    std::string_view method;
    /// With query, if any.
    std::string_view path;
    /// Content-Type; `tracker_media_type`, application/json, or empty where there is none.
    std::string_view content_type{};
    byte_view body{};
    /// The connection's other end, and our address there.
    endpoint from;
    ip_address local{};
    /// X-Forwarded-For; believed only from configured proxies.
    std::string_view forwarded_for{};
    std::string_view authorization{};
  };
  struct answer {
    unsigned status = 200;
    std::string_view type = "text/plain";
    bytes body;
  };
  answer respond(const question& q, std::uint64_t now_ms);

  const tracker_counts& counts() const { return counts_; }

private:
  struct credentials {
    std::vector<tracker_error> refused;
    bool trusted = false;
  };

  answer get(const question& q, std::string_view path, const ip_address& client);
  answer post(const question& q, const endpoint& client, std::uint64_t now_ms);
  answer foreign(unsigned status, std::string_view text);
  credentials check(const tracker_request& r, std::string_view authorization) const;
  std::optional<endpoint> client_of(const question& q) const;
  void count(const tracker_request& r, tracker_error e);

  tracker_book* book_;
  tracker_responder_options options_;
  runtime::address_limiter limiter_;
  std::uint64_t random_;
  tracker_counts counts_;
};

} // namespace interswarm::ppsp
