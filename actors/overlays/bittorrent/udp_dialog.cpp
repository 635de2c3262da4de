#include "actors/overlays/bittorrent/udp_dialog.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

udp_dialog::udp_dialog(udp_dialog_timing timing, std::function<std::uint32_t()> random)
    : timing_(timing), random_(std::move(random)) {}

udp_dialog::effects udp_dialog::announce(std::uint64_t request, const announce_request& a,
                                         const std::string& url_path, std::uint64_t now_ms) {
  effects out;
  pending p;
  p.request = request;
  p.announce = a;
  p.url_path = url_path;
  start(std::move(p), now_ms, out);
  return out;
}

udp_dialog::effects udp_dialog::scrape(std::uint64_t request, const std::vector<info_hash>& names,
                                       std::uint64_t now_ms) {
  effects out;
  pending p;
  p.request = request;
  p.what = udp_tracker::action::scrape;
  p.names = names;
  start(std::move(p), now_ms, out);
  return out;
}

void udp_dialog::start(pending p, std::uint64_t now_ms, effects& out) {
  pending_.push_back(std::move(p));
  if (has_id(now_ms))
    send(pending_.back(), now_ms, out);
  else if (connect_sent_ == 0)
    connect(now_ms, out);
}

void udp_dialog::send(pending& p, std::uint64_t now_ms, effects& out) {
  p.held = false;
  p.transaction = random_();
  p.again_ms = now_ms + wait_ms(++p.sent);
  out.packets.push_back(
      p.what == udp_tracker::action::announce
          ? udp_tracker::encode_announce_request(id_, p.transaction, p.announce, p.url_path)
          : udp_tracker::encode_scrape_request(id_, p.transaction, p.names));
}

void udp_dialog::connect(std::uint64_t now_ms, effects& out) {
  connect_transaction_ = random_();
  connect_again_ms_ = now_ms + wait_ms(++connect_sent_);
  out.packets.push_back(udp_tracker::encode_connect_request(connect_transaction_));
}

void udp_dialog::connected(std::uint64_t id, std::uint64_t now_ms, effects& out) {
  id_ = id;
  id_at_ms_ = now_ms;
  connect_sent_ = 0;
  for (auto& p : pending_) {
    if (p.held) send(p, now_ms, out);
  }
}

void udp_dialog::fail_all(const std::string& why, effects& out) {
  for (auto& p : pending_) out.finished.push_back({p.request, tl::unexpected(why)});
  pending_.clear();
}

udp_dialog::effects udp_dialog::received(byte_view packet, bool v6, std::uint64_t now_ms) {
  effects out;
  auto r = udp_tracker::decode_response(packet, v6);
  if (!r) return out;
  if (connect_sent_ != 0 && r->transaction == connect_transaction_) {
    if (r->what == udp_tracker::action::connect) {
      connected(r->connection_id, now_ms, out);
    } else if (r->what == udp_tracker::action::error) {
      connect_sent_ = 0;
      fail_all("the tracker refuses connections: " + r->error_text, out);
    }
    return out;
  }
  const auto p = std::find_if(pending_.begin(), pending_.end(), [&](const pending& x) {
    return !x.held && x.transaction == r->transaction;
  });
  if (p == pending_.end()) return out;
  if (r->what == udp_tracker::action::error) {
    r->what = p->what;
    const tracker_failure refusal{
        r->error_text.empty() ? "refused without a reason" : r->error_text, {}, false};
    r->announce.failure = refusal;
    r->scrape.failure = refusal;
  } else if (r->what != p->what) {
    return out;
  }
  for (std::size_t i = 0; i < r->scrape.entries.size() && i < p->names.size(); ++i)
    r->scrape.entries[i].hash = p->names[i];
  if (r->scrape.entries.size() > p->names.size()) r->scrape.entries.resize(p->names.size());
  out.finished.push_back({p->request, std::move(*r)});
  pending_.erase(p);
  return out;
}

udp_dialog::effects udp_dialog::tick(std::uint64_t now_ms) {
  effects out;
  if (connect_sent_ != 0 && now_ms >= connect_again_ms_) {
    if (connect_sent_ >= timing_.sends) {
      connect_sent_ = 0;
      fail_all("no answer over UDP", out);
      return out;
    }
    connect(now_ms, out);
  }
  for (std::size_t i = 0; i < pending_.size();) {
    auto& p = pending_[i];
    if (p.held || now_ms < p.again_ms) {
      ++i;
      continue;
    }
    if (p.sent >= timing_.sends) {
      out.finished.push_back({p.request, tl::unexpected(std::string("no answer over UDP"))});
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    // The id may have become too old while the answer was waited for.
    if (has_id(now_ms)) {
      send(p, now_ms, out);
    } else {
      p.held = true;
      if (connect_sent_ == 0) connect(now_ms, out);
    }
    ++i;
  }
  return out;
}

} // namespace interswarm::bittorrent
