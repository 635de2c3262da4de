#include "actors/overlays/ed2k/server_index.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

std::string_view format_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

} // namespace

std::optional<file_key> server_index::find_file(const md4_digest& hash) const {
  std::uint64_t bucket = 0;
  std::memcpy(&bucket, hash.data(), sizeof bucket);
  const file* best = nullptr;
  const auto [begin, end] = by_hash_.equal_range(bucket);
  for (auto it = begin; it != end; ++it) {
    const auto& f = files_[it->second];
    if (f.key.hash == hash && (best == nullptr || f.sources.size() > best->sources.size()))
      best = &f;
  }
  return best == nullptr ? std::nullopt : std::optional(best->key);
}

file_counts server_index::counts(const file_key& key) const {
  const auto number = number_of(key);
  if (!number) return {};
  return {true, files_[*number].complete, files_[*number].partial};
}

std::vector<party_id> server_index::sources(const file_key& key, party_id asker, std::size_t want,
                                            bool high_only) {
  std::vector<party_id> out;
  const auto number = number_of(key);
  if (!number) return out;
  auto& f = files_[*number];
  const auto size = f.sources.size();
  if (size == 0) return out; // a file goes with its last source
  std::size_t looked = 0;
  for (; looked < size && out.size() < want; ++looked) {
    const auto& s = f.sources[(f.turn + looked) % size];
    if (s.who == asker) continue;
    if (high_only && parties_.at(s.who).who.id.is_low()) continue;
    out.push_back(s.who);
  }
  f.turn = static_cast<std::uint32_t>((f.turn + looked) % size);
  return out;
}

std::vector<party_id> server_index::partial_sources(const file_key& key) const {
  std::vector<party_id> out;
  const auto number = number_of(key);
  if (!number) return out;
  for (const auto& s : files_[*number].sources) {
    if (!s.complete) out.push_back(s.who);
  }
  return out;
}

search_subject server_index::subject_of(const file& f) const {
  search_subject out;
  out.words = &f.sorted_words;
  out.size = f.key.size;
  out.sources = static_cast<std::uint32_t>(f.sources.size());
  out.complete_sources = f.complete + f.own_complete;
  out.type = f.type;
  out.format = f.names.empty() ? std::string_view{} : format_of(f.names.front().name);
  out.tags = &f.tags;
  return out;
}

/// The files that the expression's rarest words lead to; nothing when it binds no words.
std::optional<std::vector<server_index::file_number>>
server_index::candidates(const search_matcher& matcher) const {
  const auto sets = matcher.candidates();
  if (!sets) return std::nullopt;
  std::vector<file_number> out;
  for (const auto& set : *sets) {
    const std::vector<file_number>* rarest = nullptr;
    for (const auto& text : set) {
      const auto found = by_word_.find(text);
      if (found == by_word_.end()) {
        rarest = nullptr;
        break;
      }
      const auto& list = words_[found->second].files;
      if (rarest == nullptr || list.size() < rarest->size()) rarest = &list;
    }
    if (rarest == nullptr) continue;
    const auto room = limits::max_search_work - out.size();
    out.insert(out.end(), rarest->begin(),
               rarest->begin() + static_cast<std::ptrdiff_t>(std::min(room, rarest->size())));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<file_key> server_index::search(const search_expression& expression,
                                           std::size_t max_results) const {
  const search_matcher matcher(expression);
  std::vector<file_number> found;
  const auto look_at = [&](file_number number) {
    const auto& f = files_[number];
    if (!f.sources.empty() && matcher.matches(subject_of(f))) found.push_back(number);
  };
  if (const auto bound = candidates(matcher)) {
    for (const auto number : *bound) look_at(number);
  } else {
    const auto last = std::min(files_.size(), limits::max_search_work);
    for (file_number number = 0; number < last; ++number) look_at(number);
  }
  std::stable_sort(found.begin(), found.end(), [&](file_number a, file_number b) {
    return files_[a].sources.size() > files_[b].sources.size();
  });
  std::vector<file_key> out;
  for (const auto number : found) {
    if (out.size() >= std::min(max_results, limits::max_search_results)) break;
    out.push_back(files_[number].key);
  }
  return out;
}

std::optional<file_entry> server_index::describe(const file_key& key) const {
  const auto number = number_of(key);
  if (!number) return std::nullopt;
  const auto& f = files_[*number];
  const auto subject = subject_of(f);
  file_entry out;
  out.hash = key.hash;
  const auto& first = parties_.at(f.sources.front().who).who;
  out.id = first.id;
  out.port = first.port;
  const auto best =
      std::max_element(f.names.begin(), f.names.end(),
                       [](const named& a, const named& b) { return a.parties < b.parties; });
  out.tags = file_tags(best->name, key.size);
  if (!f.type.empty()) out.tags.emplace_back(tag_name::type, f.type);
  out.tags.emplace_back(tag_name::sources, std::uint64_t{subject.sources});
  out.tags.emplace_back(tag_name::complete_sources, std::uint64_t{subject.complete_sources});
  out.tags.insert(out.tags.end(), f.tags.begin(), f.tags.end());
  return out;
}

} // namespace interswarm::ed2k
