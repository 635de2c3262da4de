#include "modes/origins.hpp"

#include "modes/config_reader.hpp"

namespace interswarm {

namespace {

void read_limits(config_reader& r, origin::server_limits& out) {
  std::uint64_t requests = out.requests;
  r.read("bytes_per_second", out.bytes_per_second);
  r.read("requests_per_second", out.requests_per_second);
  r.read("requests", requests);
  if (requests < 1 || requests > 64) r.reject("requests", "1 to 64 at a time are wanted");
  out.requests = requests;
}

result<services::pulled_source> open_source(const std::shared_ptr<origin::origin_hub>& hub,
                                            const std::vector<std::string>& urls,
                                            const std::vector<msg::property>& headers) {
  origin::origin_request request;
  for (const auto& url : urls) {
    origin::origin_url one;
    one.url = url;
    for (const auto& h : headers) one.headers.emplace_back(h.key, h.value);
    request.urls.push_back(std::move(one));
  }
  auto pull = origin::spawn_origin_source(hub, std::move(request));
  if (!pull) return tl::unexpected(pull.error());
  services::pulled_source out;
  out.source = pull->source;
  out.comes_unmeasured = [report = pull->report] {
    const auto s = report->get();
    return s.size == msg::unknown_size && s.received > 0;
  };
  out.describe = [report = pull->report](msg::publication& draft) {
    const auto learned = report->get().learned;
    if (draft.title.empty()) draft.title = learned.file_name;
    if (draft.media_type.empty()) draft.media_type = learned.media_type;
  };
  return out;
}

} // namespace

void read_origins_config(config_reader& file, origins_config& out) {
  file.table("origins", [&](config_reader& r) {
    auto& o = out.options;
    std::string to_private = "refuse";
    read_limits(r, o.board.usual);
    r.read("private_addresses", to_private);
    r.read("authorities", o.authority_file);
    if (to_private == "given") {
      o.http.private_to = origin::private_addresses::given;
    } else if (to_private == "allow") {
      o.http.private_to = origin::private_addresses::allow;
    } else if (to_private != "refuse") {
      r.reject("private_addresses", "one of refuse, given, allow is wanted");
    }
    r.tables("server", [&](config_reader& s) {
      std::string url;
      auto limits = o.board.usual;
      s.read("url", url);
      read_limits(s, limits);
      const auto parsed = origin::http_url::parse(url);
      if (!parsed) s.reject("url", "such as \"https://origin.example.org\" is wanted");
      if (parsed) o.board.special[parsed->server()] = limits;
    });
  });
}

void use_origins(const std::shared_ptr<origin::origin_hub>& hub,
                 services::storage_service_context& out) {
  out.open_source = [hub](const auto& urls, const auto& headers) {
    return open_source(hub, urls, headers);
  };
  out.origins = [hub](std::function<void(std::vector<msg::origin_server>)> then) {
    const bool asked = hub->servers([then](std::vector<origin::server_status> all) {
      std::vector<msg::origin_server> told;
      for (auto& s : all) {
        msg::origin_server one;
        one.server = std::move(s.server);
        one.health = static_cast<msg::origin_server_health>(s.state);
        one.last_error = std::move(s.last_error);
        one.in_flight = static_cast<std::uint32_t>(s.in_flight);
        one.bytes = s.bytes;
        one.bytes_per_second = s.bytes_per_second;
        one.failures = s.failures;
        told.push_back(std::move(one));
      }
      then(std::move(told));
    });
    if (!asked) then({});
  };
}

} // namespace interswarm
