#include "modes/compare/sim/soa_store.hpp"

#include <cmath>

namespace interswarm::compare {

soa_store::soa_store(world& w, transport& t, swarms& s)
    : world_(w), transport_(t), swarms_(s), copies_(w.setting.contents.size()),
      repair_link_(w.network.add_link(w.setting.soa.repair_bytes_per_second)) {
  for (std::size_t i = 0; i < w.setting.soa.storage.size(); ++i)
    static_cast<void>(board_.joined(state_of(w, i), clock()));
}

msg::storage_state soa_store::state_of(const world& w, std::size_t i) {
  msg::storage_state out;
  out.id = "storage-" + std::to_string(i);
  out.domain = w.domain_name(w.nodes[w.storage(i)].domain);
  out.quota_bytes = soa_limits::quota_bytes;
  return out;
}

storage::instant soa_store::clock() const {
  return storage::instant(static_cast<std::int64_t>(std::llround(world_.now() * 1000)));
}

std::uint32_t soa_store::chunk_of(content_id c, std::uint32_t piece) const {
  const auto& cut = swarms_.cut_of(c);
  const auto at = cut.offset(piece);
  if (at < chunk_bytes || cut.piece_bytes() <= chunk_bytes)
    return static_cast<std::uint32_t>(at / chunk_bytes);
  return piece - cut.piece_at(chunk_bytes) + 1; // from there on each piece is one
}

std::uint32_t soa_store::first_piece(content_id c, std::uint32_t chunk) const {
  const auto& cut = swarms_.cut_of(c);
  if (chunk == 0 || cut.piece_bytes() <= chunk_bytes)
    return std::min(cut.count(), cut.piece_at(chunk * chunk_bytes));
  return std::min(cut.count(), cut.piece_at(chunk_bytes) + chunk - 1);
}

std::uint32_t soa_store::chunks(content_id c) const {
  return chunk_of(c, swarms_.cut_of(c).count() - 1) + 1;
}

std::uint64_t soa_store::chunk_bytes_of(content_id c, std::uint32_t chunk) const {
  const auto& cut = swarms_.cut_of(c);
  return std::min(cut.size(), cut.offset(first_piece(c, chunk + 1))) -
         cut.offset(first_piece(c, chunk));
}

bool soa_store::has(content_id c, std::uint32_t chunk, std::size_t i) const {
  const auto& at = copies_[c][chunk];
  return std::find(at.begin(), at.end(), i) != at.end();
}

void soa_store::begin() {
  const auto& contents = world_.setting.contents;
  for (content_id c = 0; c < contents.size(); ++c) {
    if (!contents[c].published) continue;
    copies_[c].resize(chunks(c));
    if (world_.setting.soa.publish_first) publish(c);
  }
  world_.later(soa_limits::ask_every_s, *this, {ask, 0, 0});
  world_.later(soa_limits::look_every_s, *this, {look, 0, 0});
}

/// Before the run's clock begins: the bytes count, the time does not. The origin sends each byte
/// once; the service, which puts every copy, stands beside the first storage node.
void soa_store::publish(content_id c) {
  const auto account = [this](node_id from, node_id to, std::uint64_t bytes) {
    const auto loss = world_.path(from, to).loss;
    const auto lost = std::llround(static_cast<double>(bytes) * loss / (1 - loss));
    world_.books.moved(world_.nodes[from].end(), world_.nodes[to].end(), bytes,
                       static_cast<std::uint64_t>(lost));
  };
  const auto& content = world_.setting.contents[c];
  world_.books.said(message_kind::publish, message_cost::lookup(content.size, 1));
  for (std::uint32_t i = 0; i < copies_[c].size(); ++i) {
    const auto homes = board_.put_order(name_piece(c, i), world_.setting.soa.copies, clock());
    const auto copies = std::min<std::size_t>(world_.setting.soa.copies, homes.size());
    for (std::size_t k = 0; k < copies; ++k) {
      const auto from = k == 0 ? world_.origin(content.origin) : world_.storage(0);
      account(from, world_.storage(homes[k]), chunk_bytes_of(c, i));
      put(c, i, homes[k]);
    }
  }
}

void soa_store::put(content_id c, std::uint32_t chunk, std::size_t i) {
  auto& at = copies_[c][chunk];
  world_.books.said(message_kind::put, message_cost::put);
  if (has(c, chunk, i)) return;
  const auto bytes = chunk_bytes_of(c, chunk);
  stored_ += bytes;
  if (at.empty()) distinct_ += bytes;
  at.push_back(static_cast<std::uint16_t>(i));
  changed_ = true;
  if (at.size() == 1 && watcher_ != nullptr) watcher_->chunk_here(c, chunk);
}

std::uint32_t soa_store::missing_copies() {
  if (!std::exchange(changed_, false)) return missing_;
  missing_ = 0;
  const auto wanted =
      std::min<std::size_t>(world_.setting.soa.copies, world_.setting.soa.storage.size());
  for (const auto& content : copies_) {
    for (const auto& at : content) {
      if (at.empty()) continue;
      const auto good =
          static_cast<std::size_t>(std::count_if(at.begin(), at.end(), [this](std::size_t i) {
            return world_.nodes[world_.storage(i)].up;
          }));
      missing_ += static_cast<std::uint32_t>(wanted - std::min(wanted, good));
    }
  }
  return missing_;
}

void soa_store::went_down(std::size_t i) {
  changed_ = true;
  board_.lost(i);
}

void soa_store::came_up(std::size_t i) {
  changed_ = true;
  static_cast<void>(board_.joined(state_of(world_, i), clock()));
}

void soa_store::ask_nodes() {
  for (std::size_t i = 0; i < board_.size(); ++i) {
    world_.books.said(message_kind::status, message_cost::status);
    const auto& node = world_.nodes[world_.storage(i)];
    if (node.up && world_.reaches(world_.nodes[world_.storage(0)].domain, node.domain))
      board_.heard(i, state_of(world_, i), clock());
  }
}

void soa_store::pull(content_id c) {
  auto& p = pulls_[c];
  if (p.begun) return;
  p.begun = true;
  world_.books.said(message_kind::publish,
                    message_cost::lookup(world_.setting.contents[c].size, 1));
  pull_more(c);
}

/// In order from the beginning to the end, as pull_work reads. What an interruption left missing is
/// asked for again, and nothing else: the origin sends each byte once.
void soa_store::pull_more(content_id c) {
  auto& p = pulls_[c];
  const auto origin = world_.origin(world_.setting.contents[c].origin);
  while (p.flying < soa_limits::pulls_at_once) {
    std::pair<std::uint32_t, std::uint64_t> next{p.next, 0};
    if (!p.again.empty()) {
      next = p.again.back();
    } else if (p.next == chunks(c)) {
      return;
    } else {
      next.second = chunk_bytes_of(c, p.next);
    }
    const auto homes =
        board_.put_order(name_piece(c, next.first), world_.setting.soa.copies, clock());
    const auto home = std::find_if(homes.begin(), homes.end(), [&](std::size_t i) {
      return world_.can_talk(origin, world_.storage(i));
    });
    if (home == homes.end()) {
      world_.later(soa_limits::pull_pause_s, *this, {pull_again, c, 0});
      return;
    }
    if (p.again.empty()) {
      ++p.next;
    } else {
      p.again.pop_back();
    }
    ++p.flying;
    const auto to = world_.storage(*home);
    world_.books.said(message_kind::read, message_cost::read);
    jobs_.push_back({c, next.first, *home});
    transport_.start(
        {origin, to, pulling, static_cast<std::uint32_t>(jobs_.size() - 1), next.second},
        world_.round_trip(origin, to), *this);
  }
}

/// The other copies of a chunk that has just come.
void soa_store::copy_on(content_id c, std::uint32_t chunk, std::size_t from) {
  const auto homes = board_.put_order(name_piece(c, chunk), world_.setting.soa.copies, clock());
  std::size_t copies = copies_[c][chunk].size();
  for (const auto i : homes) {
    if (copies >= world_.setting.soa.copies) return;
    if (has(c, chunk, i) || !world_.can_talk(world_.storage(from), world_.storage(i))) continue;
    ++copies;
    jobs_.push_back({c, chunk, i});
    transport_.start({world_.storage(from), world_.storage(i), copying,
                      static_cast<std::uint32_t>(jobs_.size() - 1), chunk_bytes_of(c, chunk)},
                     world_.round_trip(world_.storage(from), world_.storage(i)), *this);
  }
}

void soa_store::ended(transfer_id id, std::uint64_t received, bool whole) {
  const auto t = transport_.look(id);
  const auto job = jobs_[t.which];
  switch (t.what) {
  case pulling: {
    auto& p = pulls_[job.content];
    --p.flying;
    if (whole) {
      put(job.content, job.chunk, job.to);
      copy_on(job.content, job.chunk, job.to);
      pull_more(job.content);
    } else {
      p.again.emplace_back(job.chunk, t.bytes - received);
      world_.later(soa_limits::pull_pause_s, *this, {pull_again, job.content, 0});
    }
    break;
  }
  case copying:
    // What was interrupted, the repair makes.
    if (whole) put(job.content, job.chunk, job.to);
    break;
  default:
    --putting_;
    if (whole) {
      put(job.content, job.chunk, job.to);
    } else {
      left_something_ = true;
    }
    put_more();
    break;
  }
  swarms_.settle();
}

void soa_store::happen(const occasion& o) {
  switch (o.what) {
  case ask:
    ask_nodes();
    world_.later(soa_limits::ask_every_s, *this, {ask, 0, 0});
    break;
  case look:
    look_at_nodes();
    world_.later(soa_limits::look_every_s, *this, {look, 0, 0});
    break;
  default: pull_more(o.which); break;
  }
  swarms_.settle();
}

} // namespace interswarm::compare
