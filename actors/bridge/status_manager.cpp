#include "actors/bridge/status_manager.hpp"

#include "actors/bridge/limits.hpp"

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto poll_interval = 5s;
constexpr auto poll_timeout = 4s;

} // namespace

status_manager::status_manager(caf::actor_config& cfg, runtime::loop& home, std::string domain,
                               policy rules)
    : loop_actor(cfg, home), domain_(std::move(domain)), board_(rules) {}

status_manager::~status_manager() noexcept = default;

status_manager::behavior_type status_manager::make_behavior() {
  delayed_send(this, poll_interval, status_tick{});
  return {
      [this](const rank_offers& r) { return rank(r); },
      [this](status_wanted) {
        status_report out;
        for (const auto& [domain, who] : neighbours_) out.domains.push_back(who.last);
        return out;
      },
      [this](const delivery_report& r) {
        if (r.failed) board_.failed(r.domain, r.overlay, clock().now());
        if (r.bytes > 0) board_.delivered(r.domain, r.overlay, r.bytes, r.took);
      },
      [this](const neighbour_joined& r) {
        if (neighbours_.size() >= limits::max_neighbours && !neighbours_.contains(r.domain)) return;
        auto& who = neighbours_[r.domain];
        who = {r.bridge, {}, false};
        who.last.domain = r.domain;
        ask(r.domain, who);
      },
      [this](const neighbour_left& r) { neighbours_.erase(r.domain); },
      [this](status_tick) {
        for (auto& [domain, who] : neighbours_) ask(domain, who);
        delayed_send(this, poll_interval, status_tick{});
      },
  };
}

void status_manager::ask(const std::string& domain, neighbour& who) {
  if (who.asked) return;
  who.asked = true;
  msg::message question;
  question.which = msg::message::which_t::status;
  question.domain = domain_;
  const auto sent = clock().now();
  request(who.bridge, poll_timeout, msg::bridge_handle{std::move(question)})
      .then(
          [this, domain, sent](msg::bridge_handle_result& answer) {
            const auto found = neighbours_.find(domain);
            if (found == neighbours_.end()) return;
            found->second.asked = false;
            found->second.last = std::move(answer.reply.status);
            found->second.last.domain = domain;
            found->second.last.alive = true;
            const auto took =
                std::chrono::duration_cast<std::chrono::microseconds>(clock().now() - sent);
            found->second.last.round_trip_us = static_cast<std::uint32_t>(took.count());
          },
          [this, domain](const caf::error&) {
            const auto found = neighbours_.find(domain);
            if (found == neighbours_.end()) return;
            found->second.asked = false;
            found->second.last.alive = false;
          });
}

ranked_offers status_manager::rank(const rank_offers& r) const {
  std::vector<candidate> candidates;
  candidates.reserve(r.offers.size());
  for (const auto& offer : r.offers) {
    candidates.push_back({offer.domain, offer.overlay, offer.sources, offer.load,
                          offer.price_per_gib, offer.domain == domain_});
  }
  ranked_offers out;
  for (const auto index : board_.rank(candidates, clock().now()))
    out.offers.push_back(r.offers[index]);
  return out;
}

} // namespace interswarm::bridge
