#include "actors/bridge/limits.hpp"
#include "actors/bridge/message_handler.hpp"

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto face_timeout = 15s;

} // namespace

void message_handler::note_delivered(const open_gateway& gateway, const msg::serving_state& now) {
  if (ctx_.delivered && now.bytes_sent > gateway.state.bytes_sent)
    ctx_.delivered(gateway.record.name, now.bytes_sent - gateway.state.bytes_sent);
}

/// What was sent since it was last looked at. A look under way comes to nothing: it is closed.
void message_handler::count_last(const open_gateway& gateway) {
  if (!ctx_.delivered) return;
  // This holds the serving until it has answered.
  open_gateway last;
  last.record = gateway.record;
  last.serving = gateway.serving;
  last.state = gateway.state;
  request(gateway.serving, face_timeout, msg::serving_status{})
      .then([this, last](const msg::serving_status_result& r) { note_delivered(last, r.status); },
            [](const caf::error&) {});
}

msg::domain_status message_handler::own_status() {
  msg::domain_status out;
  out.domain = ctx_.domain;
  out.alive = true;
  for (const auto& f : ctx_.faces) {
    msg::overlay_status one;
    one.overlay = f.overlay;
    one.link = true;
    one.load = static_cast<float>(open_.size()) / static_cast<float>(limits::max_gateways);
    for (const auto& [key, gateway] : open_) {
      if (gateway.record.name.overlay != f.overlay) continue;
      ++one.serving;
      one.parties += gateway.state.clients;
      if (!gateway.note.empty()) {
        one.link = false;
        one.note = gateway.note;
      }
    }
    for (const auto& [key, source] : fetching_)
      one.fetching += key.starts_with(f.overlay + '\0') ? 1 : 0;
    out.overlays.push_back(std::move(one));
  }
  return out;
}

status_report message_handler::report(std::vector<msg::domain_status> neighbours) {
  status_report out;
  out.domains.push_back(own_status());
  for (auto& d : neighbours) out.domains.push_back(std::move(d));
  for (const auto& [key, gateway] : open_) {
    msg::gateway one;
    one.name = gateway.record.name;
    one.uri = gateway.record.uri;
    one.to_overlay = gateway.record.name.overlay;
    one.clients = gateway.state.clients;
    one.verified_bytes = gateway.state.bytes_sent;
    one.note = gateway.note;
    out.gateways.push_back(std::move(one));
  }
  return out;
}

} // namespace interswarm::bridge
