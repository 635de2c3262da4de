#include "modes/compare/sim/name_book.hpp"

#include "schema/base/hash.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

/// Any time: no name of a run has a lease.
constexpr std::int64_t now = 1;

} // namespace

name_book::name_book(const plan& p, solution how)
    : plan_(p), known_in_(p.contents.size()), entered_(p.contents.size()),
      answers_(p.contents.size() * p.overlays.size()) {
  const auto know = [this](content_id c, overlay_id o) {
    auto& in = known_in_[c];
    const auto at = std::lower_bound(in.begin(), in.end(), o);
    if (at == in.end() || *at != o) in.insert(at, o);
  };
  for (const auto& peer : p.peers)
    for (const auto c : peer.holds) know(c, peer.overlay);
  for (const auto& r : p.requests) know(r.content, p.peers[r.peer].overlay);
  if (how != solution::soa) return;
  for (content_id c = 0; c < p.contents.size(); ++c)
    for (overlay_id o = 0; p.contents[c].published && o < p.overlays.size(); ++o) know(c, o);
}

result<std::unique_ptr<name_book>> name_book::open(const plan& p, solution how) {
  auto out = std::unique_ptr<name_book>(new name_book(p, how));
  auto db = database::open(":memory:");
  if (!db) return tl::unexpected(db.error());
  out->db_ = std::move(*db);
  auto table = name_table::open(*out->db_, limits::names, name_table::titles::unindexed);
  if (!table) return tl::unexpected(table.error());
  out->table_ = std::move(*table);
  return out;
}

msg::name name_book::name_of(overlay_id o, content_id c) const {
  msg::name out;
  out.overlay = std::to_string(o);
  out.key = slice::copy_of(sha256(as_bytes(out.overlay + ":" + std::to_string(c))));
  return out;
}

const std::vector<overlay_id>& name_book::look_up(overlay_id o, content_id c) {
  ++lookups_;
  auto& answer = answers_[c * plan_.overlays.size() + o];
  if (!answer) answer = ask(o, c);
  hits_ += answer->size() > 1 ? 1 : 0;
  return *answer;
}

std::vector<overlay_id> name_book::ask(overlay_id o, content_id c) {
  if (!entered_[c]) {
    entered_[c] = true;
    std::vector<msg::name_record> records;
    for (const auto in : known_in_[c]) {
      msg::name_record r;
      r.name = name_of(in, c);
      r.size = plan_.contents[c].size;
      r.evidence = msg::evidence::declared;
      r.permission = msg::permission::allowed;
      records.push_back(std::move(r));
    }
    if (!table_->link(records)) return {};
  }
  std::vector<overlay_id> out;
  const auto found = table_->names(name_of(o, c), now);
  if (!found) return out;
  for (const auto& r : *found)
    if (r.evidence > msg::evidence::refuted)
      out.push_back(static_cast<overlay_id>(std::stoul(r.name.overlay)));
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace interswarm::compare
