#include "storage/name_rules.hpp"

#include "schema/base/encoding.hpp"
#include "storage/hash_list.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace interswarm {

namespace {

bool valid(msg::evidence e) {
  return e >= msg::evidence::refuted && e <= msg::evidence::structural;
}

bool is_word_byte(unsigned char c) {
  // Bytes above ASCII are parts of letters in UTF-8.
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

bool same_shape(const msg::hash_list& a, const msg::hash_list& b) {
  return a.algorithm == b.algorithm && a.unit == b.unit && a.period == b.period &&
         a.offset == b.offset && a.end == b.end;
}

/// Of lists over the same units the one with the stronger evidence stays.
void take_list(std::vector<msg::hash_list>& known, const msg::hash_list& list) {
  const auto at = std::find_if(known.begin(), known.end(),
                               [&](const auto& other) { return same_shape(list, other); });
  if (at == known.end()) {
    known.push_back(list);
  } else if (list.evidence > at->evidence) {
    *at = list;
  }
}

std::size_t hash_bytes(const msg::name_record& r) {
  std::size_t out = 0;
  for (const auto& list : r.hashes) out += list.hashes.size();
  return out;
}

result<void> check_hash_lists(const msg::name_record& record) {
  if (record.hashes.size() > limits::hash_lists_per_record) {
    return fail(errc::too_large,
                "a name record with " + std::to_string(record.hashes.size()) + " hash lists");
  }
  if (hash_bytes(record) > limits::hash_bytes_per_record) {
    return fail(errc::too_large,
                "a name record with " + std::to_string(hash_bytes(record)) + " bytes of hashes");
  }
  for (const auto& list : record.hashes) {
    if (const auto ok = checked_hash_list::make(list); !ok) return tl::unexpected(ok.error());
    if (!valid(list.evidence)) return fail(errc::malformed, "a hash list with unknown evidence");
    if (list.unit > limits::content_bytes || list.period > limits::content_bytes) {
      return fail(errc::too_large, "a hash list with units beyond 2^60 bytes");
    }
    if (record.size != msg::unknown_size && list.end > record.size) {
      return fail(errc::malformed, "a hash list that reaches beyond the content");
    }
  }
  return {};
}

} // namespace

msg::permission merge_permission(msg::permission a, msg::permission b) {
  if (a == msg::permission::forbidden || b == msg::permission::forbidden)
    return msg::permission::forbidden;
  if (a == msg::permission::allowed || b == msg::permission::allowed)
    return msg::permission::allowed;
  return msg::permission::unknown;
}

result<void> check_name(const msg::name& name) {
  if (name.overlay.empty() || name.key.empty())
    return fail(errc::malformed, "a name without overlay or key");
  if (name.overlay.size() > limits::overlay_bytes)
    return fail(errc::too_large, "an overlay's word that is too long");
  if (name.key.size() > limits::name_key_bytes)
    return fail(errc::too_large, "a name's key that is too long");
  for (const auto c : name.overlay) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain) return fail(errc::malformed, "an overlay is a word of a-z, 0-9 and '-'");
  }
  return {};
}

result<void> check_record(const msg::name_record& record) {
  if (auto ok = check_name(record.name); !ok) return ok;
  if (record.size != msg::unknown_size && record.size > limits::content_bytes) {
    return fail(errc::too_large, "a content beyond 2^60 bytes");
  }
  if (!record.content_id.empty() && record.content_id.size() != 32) {
    return fail(errc::malformed,
                "a content id of " + std::to_string(record.content_id.size()) + " bytes");
  }
  if (!valid(record.evidence) || record.evidence == msg::evidence::refuted) {
    return fail(errc::malformed, "a name record whose evidence cannot be learned");
  }
  if (record.permission > msg::permission::forbidden)
    return fail(errc::malformed, "an unknown permission");
  if (record.metadata.size() > limits::metadata_bytes) {
    return fail(errc::too_large,
                "metadata of " + std::to_string(record.metadata.size()) + " bytes");
  }
  return check_hash_lists(record);
}

msg::name_record cleaned(msg::name_record record) {
  record.title = printable(record.title, limits::title_bytes);
  record.uri = printable(record.uri, limits::uri_bytes);
  // A list over no bytes says nothing, and SQL would make its empty blob a null.
  std::erase_if(record.hashes, [](const auto& list) { return list.hashes.empty(); });
  std::vector<msg::hash_list> told;
  told.swap(record.hashes);
  for (auto& list : told) take_list(record.hashes, list);
  // Nothing is proved to be a content that has no id.
  if (record.content_id.empty()) record.evidence = std::min(record.evidence, msg::evidence::quorum);
  return record;
}

result<void> merge_record(msg::name_record& known, const msg::name_record& learned) {
  if (learned.size != msg::unknown_size) {
    if (known.size != msg::unknown_size && known.size != learned.size) {
      return fail(errc::conflict, "the name is known for " + std::to_string(known.size) +
                                      " bytes, not " + std::to_string(learned.size));
    }
    known.size = learned.size;
  }
  if (!learned.content_id.empty() && !(known.content_id == learned.content_id)) {
    const bool replace =
        known.content_id.empty() || (is_proof(learned.evidence) && !is_proof(known.evidence));
    if (!replace) return fail(errc::conflict, "the name is known to be another content");
    known.content_id = learned.content_id;
    known.evidence = learned.evidence;
  }
  const auto claim = learned.content_id.empty() ? std::min(learned.evidence, msg::evidence::quorum)
                                                : learned.evidence;
  known.evidence = std::max(known.evidence, claim);
  known.permission = merge_permission(known.permission, learned.permission);
  known.expires =
      known.expires == 0 || learned.expires == 0 ? 0 : std::max(known.expires, learned.expires);
  if (known.title.empty()) known.title = learned.title;
  if (known.uri.empty()) known.uri = learned.uri;
  if (known.metadata.empty()) known.metadata = learned.metadata;
  for (const auto& list : learned.hashes) take_list(known.hashes, list);
  return check_hash_lists(known);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size() && out.size() < limits::words_per_title;) {
    if (!is_word_byte(static_cast<unsigned char>(text[at]))) {
      ++at;
      continue;
    }
    std::string word;
    for (; at < text.size() && is_word_byte(static_cast<unsigned char>(text[at])); ++at) {
      const auto c = text[at];
      if (word.size() < limits::word_bytes)
        word.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    // Cut behind a whole letter, so that it stays UTF-8.
    if (word.size() == limits::word_bytes) {
      while (!word.empty() && (static_cast<unsigned char>(word.back()) & 0xC0) == 0x80)
        word.pop_back();
      if (!word.empty() && static_cast<unsigned char>(word.back()) >= 0x80) word.pop_back();
    }
    if (!word.empty() && std::find(out.begin(), out.end(), word) == out.end())
      out.push_back(std::move(word));
  }
  return out;
}

namespace {

/// Connected parts by repeated joining; groups have at most `limits::names_per_content` members.
class parts {
public:
  explicit parts(const std::vector<group_member>& members) {
    for (const auto& m : members) root_[m.id] = m.id;
  }
  void join(std::int64_t a, std::int64_t b) {
    const auto from = root_.find(a);
    const auto to = root_.find(b);
    if (from == root_.end() || to == root_.end()) return;
    const auto old = from->second;
    const auto now = to->second;
    for (auto& [id, root] : root_) {
      if (root == old) root = now;
    }
  }
  bool joined(std::int64_t a, std::int64_t b) const { return root_.at(a) == root_.at(b); }
  std::map<std::int64_t, std::vector<std::int64_t>> collect() const {
    std::map<std::int64_t, std::vector<std::int64_t>> out;
    for (const auto& [id, root] : root_) out[root].push_back(id);
    return out;
  }

private:
  std::map<std::int64_t, std::int64_t> root_;
};

parts connect(const std::vector<group_member>& members, const std::vector<link_edge>& edges,
              const std::set<link_edge>& without, std::int64_t alone) {
  parts out(members);
  for (const auto& [x, y] : edges) {
    if (x != alone && y != alone && !without.contains({x, y})) out.join(x, y);
  }
  const group_member* proved = nullptr;
  for (const auto& m : members) {
    if (!is_proof(m.evidence)) continue;
    if (proved != nullptr) out.join(m.id, proved->id);
    proved = &m;
  }
  return out;
}

} // namespace

std::vector<std::vector<std::int64_t>> split_group(const std::vector<group_member>& members,
                                                   const std::vector<link_edge>& edges,
                                                   std::int64_t a, std::int64_t b) {
  constexpr std::int64_t nobody = -1;
  const auto evidence_of = [&](std::int64_t id) {
    const auto at =
        std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.id == id; });
    return at == members.end() ? msg::evidence::refuted : at->evidence;
  };
  const std::set<link_edge> without{{a, b}, {b, a}};
  auto connected = connect(members, edges, without, nobody);
  if (connected.joined(a, b)) {
    connected = connect(members, edges, without, evidence_of(a) < evidence_of(b) ? a : b);
  }
  std::vector<std::vector<std::int64_t>> out;
  std::size_t first = 0;
  bool first_is_proved = false;
  for (auto& [root, ids] : connected.collect()) {
    const bool proved =
        std::any_of(ids.begin(), ids.end(), [&](auto id) { return is_proof(evidence_of(id)); });
    const bool has_a = std::find(ids.begin(), ids.end(), a) != ids.end();
    if (proved || (has_a && !first_is_proved)) {
      first = out.size();
      first_is_proved = proved;
    }
    out.push_back(std::move(ids));
  }
  if (first < out.size()) std::swap(out[0], out[first]);
  return out;
}

} // namespace interswarm
