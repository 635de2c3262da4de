#include "actors/overlays/ed2k/fetching.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ed2k/limits.hpp"

#include <type_traits>

namespace interswarm::ed2k {

namespace {

constexpr std::uint16_t want_sources = 200;
constexpr std::chrono::seconds find_timeout{15};
constexpr instant first_find_interval = std::chrono::seconds(2);
/// A server is not asked more often than this for a file with sources (aMule's SERVERREASKTIME).
constexpr instant longest_find_interval = std::chrono::seconds(800);
constexpr instant longest_find_interval_in_need = std::chrono::seconds(60);
/// A reader of a file without sources has the server asked again, but not more often than this;
/// what a foreign server is really asked its registrar decides.
constexpr instant find_interval_for_readers = std::chrono::seconds(3);
/// So long a read waits for a first source before it is told that there is none.
constexpr instant hopeless_after = std::chrono::seconds(8);
constexpr instant recovery_patience = std::chrono::seconds(10);

} // namespace

void fetching::find(instant at) {
  if (finding_ || !tracker_) return;
  finding_ = true;
  find_at_ = at;
  msg::tracker_find ask;
  ask.name = record_.name;
  ask.want = want_sources;
  request(tracker_, find_timeout, ask)
      .then(
          [this](const msg::tracker_find_result& found) {
            finding_ = false;
            ++finds_;
            take_found(found);
          },
          [this](const caf::error&) {
            finding_ = false;
            ++finds_;
          });
}

void fetching::find_for_reader(instant at) {
  if (!tracker_ || !links_.empty() || book_.hopeful() != 0) return;
  ask_for_reader_ = true;
  ask_when_due(at);
}

void fetching::ask_when_due(instant at) {
  if (!ask_for_reader_ || finding_ || at - find_at_ < find_interval_for_readers) return;
  ask_for_reader_ = false;
  find(at);
}

void fetching::take_found(const msg::tracker_find_result& found) {
  found_peers_ = found.peers.size();
  for (const auto& peer : found.peers) {
    const auto address = ip_address::from_bytes(peer.endpoint.address);
    if (address && peer.endpoint.port != 0) {
      add_source({*address, peer.endpoint.port}, {});
    } else if (peer.id.size() == 4) {
      add_source({}, {little_endian_reader(peer.id).u32()});
    }
  }
  dial_due(now());
}

void fetching::add_source(const endpoint& contact, client_id low) {
  const auto h = hub_.lock();
  if (!h) return;
  const bool ourselves =
      contact.port == h->listening().port &&
      (contact.address == h->listening().address || contact.address == h->options().public_address);
  if (!ourselves && (contact.port != 0 || low.value != 0)) book_.add(contact, low, h->now());
}

void fetching::dial_due(instant at) {
  const auto h = hub_.lock();
  if (!h || !started_) return;
  for (const auto& source : book_.due(at)) h->dial(source.contact, key_.hash, source.id);
}

std::optional<source_id> fetching::recognise(const md4_digest& user, client_id id,
                                             const endpoint& contact) const {
  const auto found = book_.recognise(user, id, contact);
  // A second connection of a source that is connected would only confuse both.
  if (!found || links_.contains(*found) || schedule_.held().contains({0, key_.size}))
    return std::nullopt;
  return found;
}

void fetching::session_ready(source_id source, client_session& session) {
  const auto h = hub_.lock();
  if (!h) return;
  const auto at = h->now();
  const auto& user = session.client().user_hash;
  book_.connected(source, user);
  download_goal goal;
  goal.hash = key_.hash;
  goal.size = key_.size;
  goal.need_hash_set = part_hashes_.empty();
  goal.want_sources = book_.may_ask_sources(source, at);
  for (std::uint64_t p = 0; p < wire_part_count(key_.size); ++p) {
    goal.parts.push_back(part_range(key_.size, p).empty() || part_verified(p));
  }
  if (goal.want_sources) book_.sources_asked(source, at);
  using slot_state = client_session::slot_state;
  const bool want_slot = session.slot() == slot_state::none && book_.may_ask_slot(source, at);
  const bool ask_slot = want_slot && h->etiquette().may_ask(user, at);
  if (want_slot && !ask_slot) book_.postpone(source, h->etiquette().next(user, at));
  auto& l = links_
                .insert_or_assign(source,
                                  link{session.id(), download_session(goal, session.client().can)})
                .first->second;
  bytes out;
  l.talk.begin(ask_slot, out);
  session.send(std::move(out));
  runtime::log().debug("ed2k fetch {}: asks {}{}", to_hex(key_.hash), session.remote().to_string(),
                       ask_slot ? " for a slot" : "");
  if (ask_slot) {
    book_.slot_asked(source, at);
    h->etiquette().asked(user, at);
    session.slot_asked();
  } else if (session.slot() == slot_state::granted) {
    // Another download has a slot there, and slots are given to clients, not to files.
    download_events events;
    l.talk.granted(at, events);
    take_events(source, session, std::move(events));
  }
}

bool fetching::session_busy(source_id source) const {
  const auto found = links_.find(source);
  return found != links_.end() && !found->second.talk.outstanding().empty();
}

bool fetching::session_frame(source_id source, client_session& session, const frame& packet) {
  const auto found = links_.find(source);
  if (found == links_.end()) return true;
  bytes out;
  download_events events;
  const auto ok = found->second.talk.handle(packet, now(), out, events);
  session.send(std::move(out));
  if (!ok) {
    runtime::log().debug("ed2k source {}: {}", session.remote().to_string(), ok.error().text);
    book_.strike(source);
    return false;
  }
  return take_events(source, session, std::move(events));
}

bool fetching::take_events(source_id source, client_session& session, download_events&& events) {
  bool ask = false;
  bool keep = true;
  for (auto& event : events) {
    std::visit(
        [&](auto& e) {
          using kind = std::decay_t<decltype(e)>;
          auto& l = links_.at(source);
          if constexpr (std::is_same_v<kind, download_event::named>) {
            if (!record_.title.empty()) return;
            record_.title = printable(e.name, limits::max_name_bytes);
            changed();
          } else if constexpr (std::is_same_v<kind, download_event::status_known>) {
            schedule_.add_source(source, [this, source](std::uint64_t part) {
              const auto known = links_.find(source);
              return known != links_.end() && known->second.talk.has_part(part);
            });
            ask = true;
            changed();
          } else if constexpr (std::is_same_v<kind, download_event::hash_set_known>) {
            take_hash_set(std::move(e.parts));
          } else if constexpr (std::is_same_v<kind, download_event::recovery_known>) {
            take_recovery(e.recovery);
          } else if constexpr (std::is_same_v<kind, download_event::queued>) {
            l.so_far = source_book::end::queued;
            note(session, "queued us");
          } else if constexpr (std::is_same_v<kind, download_event::slot_granted>) {
            l.so_far = source_book::end::giving;
            note(session, "gives us a slot");
            ask = true;
          } else if constexpr (std::is_same_v<kind, download_event::progressed>) {
            received_bytes_ += e.count;
          } else if constexpr (std::is_same_v<kind, download_event::block_received>) {
            take_block(source, e.range, std::move(e.data));
            ask = true;
          } else if constexpr (std::is_same_v<kind, download_event::slot_lost>) {
            l.so_far = source_book::end::queued;
            note(session, "took the slot back");
            schedule_.release(source);
            ask_blocks_of_all();
          } else if constexpr (std::is_same_v<kind, download_event::no_file>) {
            l.so_far = source_book::end::useless;
            note(session, "does not have the file");
            book_.lacks_file(source, now());
            keep = false;
          } else if constexpr (std::is_same_v<kind, download_event::sources_known>) {
            for (const auto& s : e.sources) {
              if (!s.id.is_low()) add_source({s.id.address(), s.port}, {});
            }
          }
        },
        event);
    if (session.closed() || !links_.contains(source)) return false;
  }
  if (ask) ask_blocks(source);
  return keep;
}

void fetching::take_block(source_id source, const byte_range& range, bytes&& data) {
  if (!schedule_.held().contains(range)) {
    if (const auto ok = spool_->write(range.begin, data); !ok) {
      runtime::log().error("ed2k fetch: {}", ok.error().text);
      fail_reads(ok.error());
      return;
    }
    blame_.received(range, source);
  }
  for (const auto other : schedule_.received(source, range)) {
    if (const auto found = links_.find(other); found != links_.end()) {
      found->second.talk.forget(block_range(key_.size, block_at(range.begin)));
    }
  }
  answer_reads();
  const auto part = range.begin / part_bytes;
  if (schedule_.held().contains(part_range(key_.size, part))) check_part(part);
}

void fetching::ask_blocks(source_id source) {
  const auto h = hub_.lock();
  const auto found = links_.find(source);
  if (!h || found == links_.end()) return;
  auto& talk = found->second.talk;
  auto* session = h->session(found->second.session);
  if (session == nullptr || talk.stalled(h->now())) return;
  if (talk.room() == 0 || !schedule_.wants_anything() || !session->take_turn(key_.hash)) return;
  std::vector<byte_range> blocks;
  for (auto room = talk.room(); room > 0; --room) {
    const auto block = schedule_.assign(source);
    if (!block) break;
    blocks.push_back(*block);
  }
  if (blocks.empty()) return;
  bytes out;
  talk.request(blocks, h->now(), session->sent(), out);
  session->send(std::move(out));
}

void fetching::note(const client_session& session, std::string_view what) const {
  runtime::log().debug("ed2k fetch {}: {} {}", to_hex(key_.hash), session.remote().to_string(),
                       what);
}

void fetching::ask_blocks_of_all() {
  std::vector<source_id> all;
  for (const auto& [id, l] : links_) all.push_back(id);
  for (const auto id : all) ask_blocks(id);
}

void fetching::session_closed(source_id source) {
  const auto found = links_.find(source);
  auto how = found == links_.end() ? source_book::end::useless : found->second.so_far;
  // What we hold whole we need nobody for.
  if (how == source_book::end::giving && schedule_.held().contains({0, key_.size}))
    how = source_book::end::queued;
  if (found != links_.end()) links_.erase(found);
  schedule_.remove_source(source);
  book_.ended(source, how, now());
  changed();
  ask_blocks_of_all();
}

void fetching::look_for_stuck(instant at) {
  const auto h = hub_.lock();
  std::vector<client_session*> stuck;
  for (auto& [id, l] : links_) {
    if (l.talk.stalled(at)) schedule_.release(id);
    auto* session = h ? h->session(l.session) : nullptr;
    if (session != nullptr && is_amule(session->client().emule_version) &&
        l.talk.waited(at) >= h->options().amule_patience)
      stuck.push_back(session);
  }
  for (auto* session : stuck) session->close("gives nothing of what it was asked for");
}

void fetching::tick(instant at) {
  look_for_stuck(at);
  dial_due(at);
  if (started_ && !schedule_.held().contains({0, key_.size})) {
    const bool in_need = links_.empty();
    const auto longest = in_need ? longest_find_interval_in_need : longest_find_interval;
    find_interval_ = std::clamp(find_interval_, first_find_interval, longest);
    if (at - find_at_ >= find_interval_) {
      find_interval_ = std::min(longest, find_interval_ * 2);
      find(at);
    }
  }
  ask_when_due(at);
  std::erase_if(reads_, [&](pending_read& r) {
    if (at < r.until) return false;
    schedule_.unwant(r.range);
    r.answer.deliver(runtime::make_caf_error(errc::timed_out, "no ed2k client delivered in time"));
    return true;
  });
  std::erase_if(proofs_, [&](pending_proof& p) {
    if (at < p.until) return false;
    p.answer.deliver(runtime::make_caf_error(errc::timed_out, "the part did not come in time"));
    return true;
  });
  for (auto it = recoveries_.begin(); it != recoveries_.end();) {
    if (at < it->second.until) {
      ++it;
      continue;
    }
    const auto part = it->first;
    const auto data = std::move(it->second.data);
    it = recoveries_.erase(it);
    part_failed(part, data, {});
  }
  look_for_hopelessness(at);
  answer_waiters(at);
  ask_blocks_of_all();
}

void fetching::look_for_hopelessness(instant at) {
  if (reads_.empty() && proofs_.empty()) return;
  if (!links_.empty() || at - started_at_ < hopeless_after || (tracker_ && finds_ == 0)) return;
  // A question that is out, or that this reader is still owed, may change it.
  if (book_.hopeful() != 0 || finding_ || ask_for_reader_) return;
  fail_reads({errc::unavailable, found_peers_ == 0
                                     ? "no ed2k client has this file"
                                     : "none of the ed2k clients with this file can be reached"});
}

void fetching::leave_all() {
  const auto h = hub_.lock();
  auto all = std::move(links_);
  links_.clear();
  for (auto& [id, l] : all) {
    schedule_.remove_source(id);
    book_.ended(id, source_book::end::queued, now());
    auto* session = h ? h->session(l.session) : nullptr;
    if (session == nullptr) continue;
    bytes out;
    l.talk.finish(out);
    // The slot is given back by the last who uses it.
    if (session->takings() == 1) session->send(std::move(out));
    session->stop_taking(key_.hash);
  }
}

bool fetching::ask_recovery(std::uint64_t part, bytes&& data) {
  const auto h = hub_.lock();
  if (!h || !aich_root_ || key_.size <= block_bytes || recoveries_.contains(part)) return false;
  for (auto& [id, l] : links_) {
    auto* session = h->session(l.session);
    if (session == nullptr || session->client().can.aich == 0 || !l.talk.has_part(part)) continue;
    bytes out;
    l.talk.ask_recovery(static_cast<std::uint16_t>(part), *aich_root_, out);
    session->send(std::move(out));
    recoveries_[part] = {std::move(data), h->now() + recovery_patience};
    return true;
  }
  return false;
}

} // namespace interswarm::ed2k
