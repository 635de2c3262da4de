#include "actors/overlays/ed2k/server_index.hpp"

#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// A source whose name found no room.
constexpr std::uint8_t no_name = 0xFF;

std::uint64_t hash_bucket(const md4_digest& hash) {
  std::uint64_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

bool is_media(const tag& t) {
  if (!t.name.empty())
    return true; // old clients name artist, album, title, length, bitrate and codec in full
  return t.id >= tag_name::artist && t.id <= tag_name::codec;
}

std::vector<tag> media_tags(const std::vector<tag>* tags) {
  std::vector<tag> out;
  if (tags == nullptr) return out;
  for (const auto& t : *tags) {
    if (out.size() >= limits::max_media_tags) break;
    const auto text = t.text();
    const bool fits = text ? text->size() <= limits::max_media_text_bytes : t.integer().has_value();
    if (is_media(t) && fits && t.name.size() <= limits::max_media_text_bytes) out.push_back(t);
  }
  return out;
}

} // namespace

void server_index::enter(party_id who, const party& p) { parties_[who].who = p; }

void server_index::leave(party_id who) {
  const auto found = parties_.find(who);
  if (found == parties_.end()) return;
  while (!found->second.offers.empty()) {
    const auto [number, at] = *found->second.offers.begin();
    drop_source(number, at);
  }
  parties_.erase(found);
}

const party* server_index::find_party(party_id who) const {
  const auto found = parties_.find(who);
  return found == parties_.end() ? nullptr : &found->second.who;
}

std::size_t server_index::offers_of(party_id who) const {
  const auto found = parties_.find(who);
  return found == parties_.end() ? 0 : found->second.offers.size();
}

std::optional<server_index::file_number> server_index::number_of(const file_key& key) const {
  const auto [begin, end] = by_hash_.equal_range(hash_bucket(key.hash));
  for (auto it = begin; it != end; ++it) {
    if (files_[it->second].key == key) return it->second;
  }
  return std::nullopt;
}

offer_outcome server_index::enter_offer(party_id who, const offer& o) {
  const auto found = parties_.find(who);
  if (found == parties_.end() || o.name.empty() || o.file.hash == md4_digest{} ||
      o.file.size > limits::max_file_bytes) {
    return offer_outcome::refused;
  }
  const auto name = o.name.substr(0, limits::max_indexed_name_bytes);
  auto& offers = found->second.offers;
  auto number = number_of(o.file);
  const auto held = number ? offers.find(*number) : offers.end();
  if (held != offers.end()) {
    auto& f = files_[*number];
    auto& s = f.sources[held->second];
    const bool same_name = s.name == no_name || f.names[s.name].name == name;
    if (same_name && s.complete == o.complete) return offer_outcome::known;
    count(f, s, -1);
    s.complete = o.complete;
    count(f, s, 1);
    if (!same_name) {
      release_name(f, s.name);
      s.name = take_name(f, name);
      if (f.stale_words) reindex(*number);
    }
    return offer_outcome::changed;
  }
  if (offers.size() >= options_.max_files_per_party) return offer_outcome::party_full;
  if (offer_count_ >= options_.max_offers) return offer_outcome::index_full;
  if (!number) {
    if (file_count() >= options_.max_files) return offer_outcome::index_full;
    const auto [begin, end] = by_hash_.equal_range(hash_bucket(o.file.hash));
    if (static_cast<std::size_t>(std::distance(begin, end)) >= limits::max_sizes_per_hash) {
      return offer_outcome::refused;
    }
    number = make_file(o);
  }
  auto& f = files_[*number];
  if (f.sources.size() >= limits::max_sources_per_file) return offer_outcome::index_full;
  f.sources.push_back({who, take_name(f, name), o.complete});
  if (f.stale_words) reindex(*number);
  count(f, f.sources.back(), 1);
  offers.emplace(*number, static_cast<std::uint32_t>(f.sources.size() - 1));
  ++offer_count_;
  return offer_outcome::taken;
}

void server_index::withdraw_offer(party_id who, const file_key& key) {
  const auto found = parties_.find(who);
  const auto number = number_of(key);
  if (found == parties_.end() || !number) return;
  const auto held = found->second.offers.find(*number);
  if (held != found->second.offers.end()) drop_source(*number, held->second);
}

server_index::file_number server_index::make_file(const offer& o) {
  file_number number;
  if (free_files_.empty()) {
    number = static_cast<file_number>(files_.size());
    files_.emplace_back();
  } else {
    number = free_files_.back();
    free_files_.pop_back();
  }
  auto& f = files_[number];
  f.key = o.file;
  f.type = o.type.substr(0, 32);
  f.tags = media_tags(o.tags);
  by_hash_.emplace(hash_bucket(o.file.hash), number);
  return number;
}

void server_index::count(file& f, const source& s, int by) {
  const auto found = parties_.find(s.who);
  if (found == parties_.end()) return;
  const bool own = found->second.who.own;
  if (own && !s.complete) return;
  auto& counter = own ? f.own_complete : s.complete ? f.complete : f.partial;
  counter = static_cast<std::uint32_t>(static_cast<std::int64_t>(counter) + by);
}

void server_index::drop_source(file_number number, std::uint32_t at) {
  auto& f = files_[number];
  const auto gone = f.sources[at];
  count(f, gone, -1);
  if (at + 1 != f.sources.size()) {
    f.sources[at] = f.sources.back();
    parties_.at(f.sources[at].who).offers[number] = at;
  }
  f.sources.pop_back();
  parties_.at(gone.who).offers.erase(number);
  --offer_count_;
  if (f.sources.empty()) return drop_file(number);
  release_name(f, gone.name);
  if (f.stale_words) reindex(number);
}

void server_index::drop_file(file_number number) {
  drop_postings(number);
  auto& f = files_[number];
  const auto [begin, end] = by_hash_.equal_range(hash_bucket(f.key.hash));
  by_hash_.erase(std::find_if(begin, end, [&](const auto& e) { return e.second == number; }));
  f = file{};
  free_files_.push_back(number);
}

std::uint8_t server_index::take_name(file& f, std::string_view name) {
  const auto found =
      std::find_if(f.names.begin(), f.names.end(), [&](const named& n) { return n.name == name; });
  if (found != f.names.end()) {
    ++found->parties;
    return static_cast<std::uint8_t>(found - f.names.begin());
  }
  // A name that nobody uses any more stays only while it is the last one.
  const auto unused =
      std::find_if(f.names.begin(), f.names.end(), [](const named& n) { return n.parties == 0; });
  if (unused == f.names.end() && f.names.size() >= limits::max_names_per_file) return no_name;
  f.stale_words = true;
  if (unused != f.names.end()) {
    *unused = {std::string(name), 1};
    return static_cast<std::uint8_t>(unused - f.names.begin());
  }
  f.names.push_back({std::string(name), 1});
  return static_cast<std::uint8_t>(f.names.size() - 1);
}

void server_index::release_name(file& f, std::uint8_t name) {
  if (name == no_name || --f.names[name].parties > 0 || f.names.size() == 1) return;
  f.stale_words = true;
  const auto last = static_cast<std::uint8_t>(f.names.size() - 1);
  if (name != last) {
    f.names[name] = std::move(f.names[last]);
    for (auto& s : f.sources) {
      if (s.name == last) s.name = name;
    }
  }
  f.names.pop_back();
}

void server_index::drop_postings(file_number number) {
  for (const auto& mine : files_[number].postings) {
    auto& list = words_[mine.word].files;
    if (mine.at + 1 != list.size()) {
      const auto moved = list.back();
      list[mine.at] = moved;
      auto& theirs = files_[moved].postings;
      std::find_if(theirs.begin(), theirs.end(), [&](const posting& p) {
        return p.word == mine.word;
      })->at = mine.at;
    }
    list.pop_back();
    if (list.empty()) {
      by_word_.erase(words_[mine.word].text);
      words_[mine.word] = word{};
      free_words_.push_back(mine.word);
    }
  }
  files_[number].postings.clear();
}

void server_index::reindex(file_number number) {
  drop_postings(number);
  auto& f = files_[number];
  f.stale_words = false;
  f.sorted_words.clear();
  for (const auto& n : f.names) {
    for (auto& w : words_of(n.name)) {
      if (w.size() <= limits::max_indexed_word_bytes) f.sorted_words.push_back(std::move(w));
    }
  }
  std::sort(f.sorted_words.begin(), f.sorted_words.end());
  f.sorted_words.erase(std::unique(f.sorted_words.begin(), f.sorted_words.end()),
                       f.sorted_words.end());
  for (const auto& text : f.sorted_words) {
    auto found = by_word_.find(text);
    if (found == by_word_.end()) {
      word_number fresh;
      if (free_words_.empty()) {
        fresh = static_cast<word_number>(words_.size());
        words_.emplace_back();
      } else {
        fresh = free_words_.back();
        free_words_.pop_back();
      }
      words_[fresh].text = text;
      found = by_word_.emplace(text, fresh).first;
    }
    auto& list = words_[found->second].files;
    f.postings.push_back({found->second, static_cast<std::uint32_t>(list.size())});
    list.push_back(number);
  }
}

bool server_index::consistent() const {
  std::size_t offers = 0;
  std::size_t members = 0;
  for (const auto& [who, m] : parties_) {
    members += m.offers.size();
    for (const auto& [number, at] : m.offers) {
      if (number >= files_.size() || at >= files_[number].sources.size()) return false;
      if (files_[number].sources[at].who != who) return false;
    }
  }
  std::size_t live = 0;
  for (file_number n = 0; n < files_.size(); ++n) {
    const auto& f = files_[n];
    offers += f.sources.size();
    live += f.sources.empty() ? 0 : 1;
    if (!f.sources.empty() && number_of(f.key) != n) return false;
    if (f.postings.size() != f.sorted_words.size()) return false;
    for (const auto& p : f.postings) {
      if (p.at >= words_[p.word].files.size() || words_[p.word].files[p.at] != n) return false;
    }
    std::vector<std::uint32_t> named_parties(f.names.size());
    for (const auto& s : f.sources) {
      if (s.name != no_name && s.name >= f.names.size()) return false;
      if (s.name != no_name) ++named_parties[s.name];
    }
    for (std::size_t i = 0; i < f.names.size(); ++i) {
      if (named_parties[i] != f.names[i].parties) return false;
    }
  }
  std::size_t listed = 0;
  for (const auto& w : words_) listed += w.files.empty() ? 0 : 1;
  return offers == offer_count_ && members == offer_count_ && live == file_count() &&
         by_hash_.size() == live && listed == by_word_.size() && listed == word_count();
}

} // namespace interswarm::ed2k
