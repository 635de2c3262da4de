#include "actors/bridge/gather.hpp"
#include "actors/bridge/limits.hpp"
#include "actors/bridge/message_handler.hpp"
#include "actors/bridge/meter.hpp"
#include "actors/runtime/error.hpp"

#include <algorithm>

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto offer_names_timeout = 5s;
constexpr auto tracker_timeout = 3s;
constexpr auto fetch_timeout = 5s;
constexpr auto neighbour_timeout = 6s;
constexpr std::uint16_t parties_wanted = 50;

bool usable(const msg::name_record& r) {
  return r.evidence != msg::evidence::refuted && r.permission != msg::permission::forbidden;
}

} // namespace

const face* message_handler::face_of(const std::string& overlay) const {
  const auto found = std::find_if(ctx_.faces.begin(), ctx_.faces.end(),
                                  [&](const face& f) { return f.overlay == overlay; });
  return found == ctx_.faces.end() ? nullptr : &*found;
}

runtime::loop& message_handler::next_loop() {
  return *ctx_.loops[next_loop_++ % ctx_.loops.size()];
}

slice message_handler::random_receipt() {
  bytes out(16);
  for (auto& b : out) b = static_cast<byte>(random_());
  return slice(std::move(out));
}

void message_handler::find(quest q, found_handler then) {
  auto groups = gather<names_group>::of(
      1 + q.told.size(), [this, q, then](std::vector<names_group>& answers) {
        std::vector<msg::name_record> group;
        for (const auto& answer : answers) merge_records(group, answer.records);
        // What the asker says of names that this node does not know is a declaration, not more.
        auto told = q.told;
        for (auto& r : told) r.evidence = std::min(r.evidence, msg::evidence::declared);
        merge_records(group, told);
        if (auto allowed = may_cross(group); !allowed) {
          then(tl::unexpected(allowed.error()));
          return;
        }
        ask_givers(q, std::move(group), then);
      });
  const auto look_up = [this, groups](const msg::name& name) {
    request(ctx_.names, offer_names_timeout, names_of{name})
        .then([groups](names_group& g) { groups->add_and_done(std::move(g)); },
              [groups](const caf::error&) { groups->done(); });
  };
  look_up(q.sought);
  for (const auto& r : q.told) look_up(r.name);
}

void message_handler::ask_givers(quest q, std::vector<msg::name_record> group, found_handler then) {
  std::vector<msg::name_record> givers;
  for (const auto& r : group) {
    const auto* from = face_of(r.name.overlay);
    if (usable(r) && from != nullptr && from->gives && (q.own_swarm || r.name != q.sought))
      givers.push_back(r);
  }
  const auto* own = face_of(q.sought.overlay);
  if (q.own_swarm && find_record(group, q.sought) == nullptr && own != nullptr && own->gives) {
    msg::name_record bare;
    bare.name = q.sought;
    bare.size = msg::unknown_size;
    givers.push_back(std::move(bare));
  }
  auto offers = gather<std::vector<msg::offer>>::of(
      givers.size() + 1, [this, group, then](std::vector<std::vector<msg::offer>>& answers) {
        std::vector<msg::offer> all;
        auto names = group;
        for (auto& some : answers) {
          for (auto& offer : some) {
            merge_records(names, offer.names);
            all.push_back(std::move(offer));
          }
        }
        if (auto allowed = may_cross(names); !allowed) {
          then(tl::unexpected(allowed.error()));
          return;
        }
        rank(std::move(all), std::move(names), then);
      });
  for (const auto& r : givers) {
    offer_locally(q, r, [offers, group](std::optional<msg::offer> offer) {
      if (offer) {
        offer->names = group;
        offers->add({std::move(*offer)});
      }
      offers->done();
    });
  }
  ask_neighbours(q, group,
                 [offers](std::vector<msg::offer> some) { offers->add_and_done(std::move(some)); });
}

msg::source_actor message_handler::shared_fetch(const std::string& key) {
  const auto found = fetching_.find(key);
  if (found == fetching_.end()) return msg::source_actor{};
  const auto alive = caf::actor_cast<caf::strong_actor_ptr>(found->second.source);
  if (!alive) {
    fetching_.erase(found);
    return msg::source_actor{};
  }
  found->second.used_at = clock().now();
  found->second.kept = caf::actor_cast<msg::source_actor>(alive);
  return found->second.kept;
}

void message_handler::offer_locally(const quest& q, const msg::name_record& record,
                                    std::function<void(std::optional<msg::offer>)> then) {
  const auto* from = face_of(record.name.overlay);
  const auto key = table_key(record.name);
  const auto with_source = [this, q, record, key, from = *from, then](msg::source_actor source) {
    auto offer = std::make_shared<msg::offer>(make_offer(q, from, record, source));
    // Sources: what the directory counts, or the whole content held on our own disk.
    auto both = gather<std::uint32_t>::of(2, [offer, then](std::vector<std::uint32_t>& counts) {
      for (const auto count : counts) offer->sources = std::max(offer->sources, count);
      if (offer->sources == 0) {
        then(std::nullopt);
      } else {
        then(std::move(*offer));
      }
    });
    request(from.tracker, tracker_timeout, msg::tracker_find{record.name, parties_wanted})
        .then([both](const msg::tracker_find_result& r) { both->add_and_done(r.status.sources); },
              [both](const caf::error&) { both->done(); });
    request(source, tracker_timeout, msg::source_info{0, 0})
        .then(
            [both, offer](const msg::source_info_result& r) {
              const bool whole =
                  r.info.size != msg::unknown_size && r.info.held_bytes == r.info.size;
              offer->bytes_per_second = r.info.bytes_per_second;
              if (r.info.record.name == offer->record.name) offer->record = r.info.record;
              both->add_and_done(std::max<std::uint32_t>(r.info.peers, whole ? 1 : 0));
            },
            [this, both, key](const caf::error& why) {
              // A download that ended by itself (its peer restarted) is not shared any more.
              const auto code = runtime::to_error(why).code;
              if (code == errc::unavailable || code == errc::disconnected) fetching_.erase(key);
              both->done();
            });
  };
  if (auto source = shared_fetch(key)) {
    with_source(source);
    return;
  }
  request(from->peer, fetch_timeout, msg::peer_fetch{record, from->tracker})
      .then(
          [this, key, with_source](const msg::peer_fetch_result& r) {
            // Another quest may have been faster: one download a name.
            auto source = shared_fetch(key);
            if (!source) {
              source = r.source;
              fetching_[key] = {caf::actor_cast<caf::weak_actor_ptr>(source), source,
                                clock().now()};
            }
            with_source(source);
          },
          [this, key, with_source, then](const caf::error&) {
            // The peer refuses a second download of a name that another quest has just begun.
            if (auto source = shared_fetch(key)) {
              with_source(source);
            } else {
              then(std::nullopt);
            }
          });
}

msg::offer message_handler::make_offer(const quest& q, const face& from, msg::name_record record,
                                       msg::source_actor source) {
  msg::offer out;
  out.domain = ctx_.domain;
  out.overlay = from.overlay;
  out.price_per_gib = from.price_per_gib;
  out.load = static_cast<float>(open_.size()) / static_cast<float>(limits::max_gateways);
  out.receipt = random_receipt();
  out.record = std::move(record);
  msg::ledger_entry entry;
  entry.receipt = out.receipt;
  entry.from_domain = ctx_.domain;
  entry.from_overlay = from.overlay;
  entry.to_domain = q.who.domain;
  entry.to_overlay = q.who.overlay;
  entry.content_name = q.sought;
  entry.role = msg::ledger_entry_role::giver;
  if (ctx_.tenant_of) out.tenant = ctx_.tenant_of(out.record.name);
  entry.tenant = out.tenant;
  out.source =
      runtime::spawn_on<meter>(next_loop(), std::move(source), std::move(entry), ctx_.names);
  return out;
}

void message_handler::ask_neighbours(const quest& q, const std::vector<msg::name_record>& group,
                                     std::function<void(std::vector<msg::offer>)> then) {
  std::vector<msg::bridge_actor> asked;
  if (q.hops < msg::max_hops) {
    for (const auto& [domain, bridge] : neighbours_) {
      if (domain != q.asked_by && domain != q.who.domain) asked.push_back(bridge);
    }
  }
  msg::message question;
  question.id = q.message_id != 0 ? q.message_id : random_();
  // Our own message that comes back around a ring of bridges is not worked on again.
  desk_.first_time(question.id);
  question.hops = static_cast<std::uint8_t>(q.hops + 1);
  question.domain = q.who.domain;
  question.which = msg::message::which_t::find;
  question.find.seeking = q.who.overlay;
  question.find.want = limits::max_offers;
  question.find.own_swarm = q.own_swarm;
  if (const auto* known = find_record(group, q.sought)) {
    question.find.records.push_back(*known);
  } else {
    msg::name_record bare;
    bare.name = q.sought;
    bare.size = msg::unknown_size;
    question.find.records.push_back(std::move(bare));
  }
  for (const auto& r : group) {
    if (r.name != q.sought && usable(r) &&
        question.find.records.size() < limits::max_records_per_message) {
      question.find.records.push_back(r);
    }
  }
  ask_all<msg::bridge_handle_result>(
      this, asked, neighbour_timeout, msg::bridge_handle{std::move(question)},
      [then](std::vector<msg::bridge_handle_result>& answers, const caf::error&) {
        std::vector<msg::offer> out;
        for (auto& answer : answers) {
          if (answer.reply.which != msg::reply::which_t::offers) continue;
          for (auto& offer : answer.reply.offers) {
            if (offer.source && out.size() < limits::max_offers) out.push_back(std::move(offer));
          }
        }
        then(std::move(out));
      });
}

void message_handler::rank(std::vector<msg::offer> offers, std::vector<msg::name_record> names,
                           found_handler then) {
  request(ctx_.status, offer_names_timeout, rank_offers{std::move(offers)})
      .then(
          [names = std::move(names), then](ranked_offers& r) {
            then(offers_found{std::move(r.offers), names});
          },
          [then](const caf::error& why) { then(tl::unexpected(runtime::to_error(why))); });
}

} // namespace interswarm::bridge
