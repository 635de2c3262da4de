#include "storage/name_groups.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>

namespace interswarm {

namespace {

std::uint64_t group_size(const std::vector<name_row>& rows) {
  for (const auto& row : rows) {
    if (row.record.size != msg::unknown_size) return row.record.size;
  }
  return msg::unknown_size;
}

/// All members of a group have the same content id once one of them has it.
slice group_content(const std::vector<name_row>& rows) {
  for (const auto& row : rows) {
    if (!row.record.content_id.empty()) return row.record.content_id;
  }
  return {};
}

} // namespace

std::string display(const msg::name& name) {
  return printable(name.overlay) + ":" + to_hex(name.key).substr(0, 80);
}

result<name_row> name_groups::take_in(const msg::name_record& given) {
  if (auto ok = check_record(given); !ok) return tl::unexpected(ok.error());
  const auto record = cleaned(given);
  auto row = rows.find(record.name, with_proof::yes);
  if (row) {
    const bool moved = !record.content_id.empty() && !row->record.content_id.empty() &&
                       !(record.content_id == row->record.content_id);
    const auto before = row->record;
    if (auto ok = merge_record(row->record, record); !ok) return tl::unexpected(ok.error());
    // Most of what is learned is known already.
    if (row->record == before) return std::move(*row);
    // Proved to be another content than its group was declared to be.
    if (moved) {
      rows.erase_edges(row->id);
      row->group = new_id();
    }
    rows.update(*row, before);
  } else {
    if (!bound_.admit(static_cast<std::uint64_t>(last_id()), [&] { return rows.count(); })) {
      return fail(errc::too_large, "the name table is full; forget names or let leases end");
    }
    row.emplace();
    row->id = new_id();
    row->group = row->id;
    row->record = record;
    rows.insert(*row);
  }
  const auto group = rows.group(row->group, with_proof::no);
  // What the record newly knows must fit the other names of its group.
  for (const auto& other : group) {
    const bool sizes_differ = other.record.size != msg::unknown_size &&
                              row->record.size != msg::unknown_size &&
                              other.record.size != row->record.size;
    if (sizes_differ)
      return fail(errc::conflict,
                  "the size of " + display(record.name) + " is not that of its content");
  }
  if (!row->record.content_id.empty()) {
    if (auto ok = join_equal(*row); !ok) return tl::unexpected(ok.error());
  }
  return std::move(*row);
}

result<void> name_groups::join_equal(name_row& row) {
  const auto& content = row.record.content_id;
  std::optional<std::int64_t> target;
  for (const auto group : rows.with_content(content)) {
    if (group != row.group) target = group;
    if (!is_proof(row.record.evidence)) continue;
    // What was proved equal cannot have been refuted: the bytes that differed were not under these
    // names.
    for (const auto& other : rows.group(group, with_proof::no)) {
      if (is_proof(other.record.evidence)) rows.erase_refuted(row.record.name, other.record.name);
    }
  }
  if (target) {
    if (auto ok = join(*target, row.group); !ok) return ok;
    row.group = *target;
    return {};
  }
  const auto group = rows.group(row.group, with_proof::no);
  for (const auto& other : group) {
    if (other.record.size != msg::unknown_size && row.record.size != msg::unknown_size &&
        other.record.size != row.record.size) {
      return fail(errc::conflict,
                  "the size of " + display(row.record.name) + " is not that of its content");
    }
  }
  for (const auto& other : group) place(other, row.group, content, other.record.evidence);
  return {};
}

result<void> name_groups::can_join(const std::vector<name_row>& a, const std::vector<name_row>& b) {
  if (a.size() + b.size() > limits::names_per_content) {
    return fail(errc::too_large,
                "more than " + std::to_string(limits::names_per_content) + " names of one content");
  }
  const auto size_a = group_size(a), size_b = group_size(b);
  if (size_a != msg::unknown_size && size_b != msg::unknown_size && size_a != size_b) {
    return fail(errc::conflict, display(a.front().record.name) + " has " + std::to_string(size_a) +
                                    " bytes, " + display(b.front().record.name) + " has " +
                                    std::to_string(size_b) + ": they cannot be the same content");
  }
  const auto content_a = group_content(a), content_b = group_content(b);
  if (!content_a.empty() && !content_b.empty() && !(content_a == content_b)) {
    return fail(errc::conflict, display(a.front().record.name) + " and " +
                                    display(b.front().record.name) +
                                    " are known to be different contents");
  }
  for (const auto& x : a) {
    for (const auto& refuted : rows.refuted(x.record.name)) {
      const auto at =
          std::find_if(b.begin(), b.end(), [&](const auto& y) { return y.record.name == refuted; });
      if (at == b.end()) continue;
      return fail(errc::refuted, display(x.record.name) + " and " + display(refuted) +
                                     " were compared before and their bytes differ");
    }
  }
  return {};
}

result<void> name_groups::join(std::int64_t group, std::int64_t other) {
  if (group == other) return {};
  const auto a = rows.group(group, with_proof::no);
  const auto b = rows.group(other, with_proof::no);
  if (auto ok = can_join(a, b); !ok) return ok;
  const auto content = group_content(a).empty() ? group_content(b) : group_content(a);
  for (const auto& row : a) place(row, group, content, row.record.evidence);
  for (const auto& row : b) place(row, group, content, row.record.evidence);
  return {};
}

void name_groups::detach(name_row& row) {
  rows.erase_edges(row.id);
  row.group = new_id();
  row.record.content_id = {};
  place(row, row.group, {}, row.record.evidence);
}

result<void> name_groups::verify(const msg::name& name, const slice& content, std::uint64_t size) {
  auto row = rows.find(name, with_proof::yes);
  if (!row) return fail(errc::not_found, "no content is known by " + display(name));
  auto& r = row->record;
  const auto before = r;
  const bool differs = !r.content_id.empty() && !(r.content_id == content);
  if (differs && is_proof(r.evidence)) {
    return fail(errc::conflict, display(name) + " was proved to be another content before");
  }
  if (r.size != msg::unknown_size && r.size != size) {
    return fail(errc::conflict, display(name) + " is known for another size");
  }
  if (differs) detach(*row);
  r.size = size;
  r.evidence = std::max(r.evidence, msg::evidence::verified);
  r.content_id = content;
  rows.update(*row, before);
  if (join_equal(*row)) return {};
  // Names that were only linked to this one stand in the way: it goes alone.
  detach(*row);
  r.content_id = content;
  rows.update(*row, before);
  return join_equal(*row);
}

void name_groups::split(const name_row& a, const name_row& b) {
  rows.erase_edge(a.id, b.id);
  const auto group = rows.group(a.group, with_proof::no);
  std::vector<group_member> members;
  std::vector<link_edge> edges;
  for (const auto& row : group) {
    members.push_back({row.id, row.record.evidence});
    for (const auto& edge : rows.edges(row.id)) edges.push_back(edge);
  }
  const auto parts = split_group(members, edges, a.id, b.id);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto new_group = i == 0 ? a.group : new_id();
    const bool proved = std::any_of(group.begin(), group.end(), [&](const auto& row) {
      const bool inside = std::find(parts[i].begin(), parts[i].end(), row.id) != parts[i].end();
      return inside && is_proof(row.record.evidence);
    });
    for (const auto& row : group) {
      if (std::find(parts[i].begin(), parts[i].end(), row.id) == parts[i].end()) continue;
      // Whoever leaves the proved ones knows its content no longer, and alone it is declared to
      // be nothing.
      const auto evidence =
          parts[i].size() == 1 && !proved ? msg::evidence::hint : row.record.evidence;
      place(row, new_group, proved ? row.record.content_id : slice(), evidence);
    }
    for (const auto& [x, y] : edges) {
      const bool has_x = std::find(parts[i].begin(), parts[i].end(), x) != parts[i].end();
      const bool has_y = std::find(parts[i].begin(), parts[i].end(), y) != parts[i].end();
      if (has_x != has_y) rows.erase_edge(x, y);
    }
  }
}

} // namespace interswarm
