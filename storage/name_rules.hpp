#pragma once

#include "schema/base/result.hpp"
#include "storage/values.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The decisions of the name table, as plain functions over records.
namespace interswarm {

/// Whether evidence is strong enough that bytes may be mixed on it.
constexpr bool is_proof(msg::evidence e) { return e >= msg::evidence::verified; }

/// Forbidden wins over allowed, allowed over unknown.
msg::permission merge_permission(msg::permission a, msg::permission b);

/// Refuses what crosses a limit (`too_large`) or cannot be (`malformed`): names without overlay or
/// key, content ids that are not 32 bytes, hash lists that are inconsistent or reach beyond the
/// size.
result<void> check_name(const msg::name& name);
result<void> check_record(const msg::name_record& record);
/// `record` with title and uri made safe for a screen and cut to their limits, and without proof of
/// an unknown content.
msg::name_record cleaned(msg::name_record record);

/// Adds what `learned` knows to `known`, both of the same name: proof data with stronger evidence
/// replaces weaker, stronger evidence of the equation wins, missing size, title, uri and metadata
/// are filled in, a forbidden stays, the longer lease counts. Fails `conflict` for another size, or
/// for another content id that is not proved against an unproved one, and `too_large` when the
/// lists together cross their limit.
result<void> merge_record(msg::name_record& known, const msg::name_record& learned);

/// Lower-case words of a title or a search, at most `limits::words_per_title`, each cut to
/// `limits::word_bytes`.
std::vector<std::string> words_of(std::string_view text);

/// A member of a group of names that are believed to be one content.
struct group_member {
  std::int64_t id = 0;
  msg::evidence evidence{};
};
using link_edge = std::pair<std::int64_t, std::int64_t>;

/// How a group falls apart when `a` and `b` turned out to be different contents: the connected
/// parts over the declared `edges` without theirs, where all members with proof hold together since
/// they share a content id. If other links still join the two, the one with the weaker evidence
/// (`b` on a tie) leaves alone. The part with proof, else the one with `a`, comes first.
std::vector<std::vector<std::int64_t>> split_group(const std::vector<group_member>& members,
                                                   const std::vector<link_edge>& edges,
                                                   std::int64_t a, std::int64_t b);

} // namespace interswarm
