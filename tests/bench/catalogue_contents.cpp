#include "tests/bench/catalogue_contents.hpp"

#include "schema/base/encoding.hpp"
#include "schema/bittorrent/record.hpp"
#include "schema/ed2k/record.hpp"
#include "storage/content_hashes.hpp"
#include "storage/name_rules.hpp"

#include <cmath>
#include <map>
#include <sqlite3.h>
#include <utility>

namespace interswarm::bench {

namespace {

constexpr std::int64_t some_day = 1'700'000'000;

/// As services::make_names has them.
std::vector<msg::name_record> names_of(const content_hashes& h, const std::string& title) {
  bittorrent::single_file_hashes from;
  from.name = title;
  from.length = h.size;
  from.piece_length = bittorrent::default_piece_length(h.size);
  from.v1 = true;
  from.v1_pieces = h.v1_pieces.at(from.piece_length);
  std::vector<msg::name_record> out;
  out.push_back(bittorrent::make_records(must(bittorrent::make_single_file(from)), 0).front());
  from.v1 = false;
  from.v2 = true;
  from.pieces_root = *h.content_id;
  out.push_back(bittorrent::make_records(must(bittorrent::make_single_file(from)), 0).front());
  ed2k::file_link link;
  link.name = title;
  link.size = h.size;
  link.hash = *h.ed2k_red;
  link.aich = h.aich_root;
  out.push_back(ed2k::make_record(link));
  out.back().hashes = {ed2k_hash_list(h), aich_hash_list(h), bep52_hash_list(h)};
  for (auto& r : out) {
    r.content_id = slice::copy_of(*h.content_id);
    r.evidence = msg::evidence::verified;
    r.permission = msg::permission::allowed;
  }
  return out;
}

} // namespace

std::string word(std::uint64_t rank) {
  numbers from(rank);
  std::string out;
  const auto length = 3 + from.next() % 8;
  for (std::size_t i = 0; i < length; ++i) out += static_cast<char>('a' + from.next() % 26);
  return out;
}

generated content(std::uint64_t n) {
  numbers from(n + 1'000'000'007);
  content_hashes h;
  h.size = 8'000 + from.next() % 8'000;
  h.content_id = from.digest<32>();
  h.bep52_leaves.assign(h.content_id->begin(), h.content_id->end());
  const auto pieces = from.digest<20>();
  h.v1_pieces[bittorrent::default_piece_length(h.size)].assign(pieces.begin(), pieces.end());
  h.ed2k_red = from.digest<16>();
  h.ed2k_parts.assign(h.ed2k_red->begin(), h.ed2k_red->end());
  h.aich_root = from.digest<20>();
  h.aich_leaves.assign(h.aich_root->begin(), h.aich_root->end());
  generated out;
  auto& p = out.what;
  p.content_id = slice::copy_of(*h.content_id);
  p.size = h.size;
  p.tenant = "tenant-" + std::to_string(from.next() % tenants);
  const auto count = 3 + from.next() % 7;
  for (std::size_t i = 0; i < count; ++i)
    p.title +=
        (i == 0 ? "" : " ") + word(static_cast<std::uint64_t>(std::pow(vocabulary, from.unit())));
  const bool video = from.next() % 2 == 0;
  p.media_type = video ? "video/mp4" : from.next() % 2 == 0 ? "audio/ogg" : "application/pdf";
  if (video) p.properties.push_back({"codec", "h264"});
  p.properties.push_back({"duration", std::to_string(from.next() % 10'000)});
  p.properties.push_back({"tag", "tag" + std::to_string(from.next() % 1000)});
  p.open = from.next() % 8 != 0;
  p.published_at = some_day + static_cast<std::int64_t>(n);
  out.chunks = bytes(h.content_id->begin(), h.content_id->end());
  out.records = names_of(h, p.title);
  return out;
}

plain::plain(const std::string& file) {
  check(sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr));
}

plain::~plain() {
  for (const auto& [sql, st] : statements_) sqlite3_finalize(st);
  sqlite3_close(db_);
}

void plain::run(const std::string& sql) {
  check(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr));
}

std::size_t plain::rows(const std::string& sql, const std::vector<value>& values) {
  auto& st = statements_[sql];
  if (st == nullptr) check(sqlite3_prepare_v2(db_, sql.c_str(), -1, &st, nullptr));
  int at = 0;
  for (const auto& v : values) {
    const auto size = static_cast<int>(v.data.size());
    ++at;
    if (v.what == value::kind::number) {
      check(sqlite3_bind_int64(st, at, v.n));
    } else if (v.what == value::kind::text) {
      check(sqlite3_bind_text(st, at, v.data.data(), size, SQLITE_STATIC));
    } else {
      check(sqlite3_bind_blob(st, at, v.data.data(), size, SQLITE_STATIC));
    }
  }
  std::size_t out = 0;
  int code = sqlite3_step(st);
  for (; code == SQLITE_ROW; code = sqlite3_step(st), ++out) sqlite3_column_text(st, 0);
  if (code != SQLITE_DONE) check(code);
  check(sqlite3_reset(st));
  return out;
}

void plain::check(int code) {
  if (code == SQLITE_OK) return;
  std::fprintf(stderr, "%s\n", sqlite3_errmsg(db_));
  std::exit(1);
}

plain::value text(std::string s) { return {plain::value::kind::text, std::move(s)}; }

namespace {

using kind = plain::value::kind;
plain::value number(std::int64_t n) { return {kind::number, {}, n}; }
plain::value number(std::uint64_t n) { return number(static_cast<std::int64_t>(n)); }
plain::value blob(byte_view b) { return {kind::blob, std::string(b.begin(), b.end())}; }
std::string hex_of(const std::string& s) { return to_hex(as_bytes(s)); }

std::string words_in_hex(const std::string& title) {
  std::string out;
  for (const auto& w : words_of(title)) out += hex_of(w) + " ";
  return out;
}

void add_name(plain& db, const msg::name_record& r, std::int64_t id, std::int64_t group) {
  db.rows("insert into names (id, content_group, overlay, name_key, size, content_id, evidence, "
          "expires, title, uri, permission) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {number(id), number(group), text(r.name.overlay), text(to_hex(r.name.key)),
           number(r.size), text(to_hex(r.content_id)),
           number(static_cast<std::int64_t>(r.evidence)), number(r.expires), text(r.title),
           text(r.uri), number(static_cast<std::int64_t>(r.permission))});
  db.rows("insert into name_index (rowid, words) values (?, ?)",
          {number(id), text(words_in_hex(r.title))});
  for (const auto& l : r.hashes)
    db.rows("insert into hash_lists (name_id, algorithm, unit, period, first_byte, last_byte, "
            "evidence, hashes) values (?, ?, ?, ?, ?, ?, ?, ?)",
            {number(id), number(static_cast<std::int64_t>(l.algorithm)), number(l.unit),
             number(l.period), number(l.offset), number(l.end),
             number(static_cast<std::int64_t>(l.evidence)), blob(l.hashes)});
  if (!r.metadata.empty())
    db.rows("insert into name_metadata (name_id, data) values (?, ?)",
            {number(id), blob(r.metadata)});
}

void add_publication(plain& db, const generated& g, std::int64_t id) {
  const auto& p = g.what;
  const auto content_id = to_hex(p.content_id);
  std::string properties = "\n", tokens = words_in_hex(p.title);
  for (const auto& [key, value] : p.properties) {
    const auto line = key + "=" + value;
    properties += line + "\n";
    tokens += "pr" + hex_of(line) + " ";
  }
  tokens += "te" + hex_of(p.tenant) + " mt" + hex_of(p.media_type) + (p.open ? " op" : "");
  db.rows("insert into contents (content_id, size, chunks) values (?, ?, ?)",
          {text(content_id), number(p.size), blob(g.chunks)});
  db.rows("insert into publications (id, content_id, tenant, title, media_type, properties, "
          "series, is_open, published_at, expires) values (?, ?, ?, ?, ?, ?, '', ?, ?, 0)",
          {number(id), text(content_id), text(p.tenant), text(p.title), text(p.media_type),
           text(properties), number(std::int64_t{p.open}), number(p.published_at)});
  db.rows("insert into publication_index (rowid, words) values (?, ?)", {number(id), text(tokens)});
  db.rows("insert into tenant_totals (tenant, size, publications) values (?, ?, 1) on conflict "
          "(tenant) do update set size = size + excluded.size, publications = publications + 1",
          {text(p.tenant), number(p.size)});
}

} // namespace

void fill_file(const std::string& file, std::uint64_t first, std::uint64_t end) {
  constexpr std::uint64_t a_batch = 10'000;
  plain db(file);
  db.run("pragma cache_size = -1000000; pragma synchronous = off");
  for (auto n = first; n < end;) {
    const auto until = std::min(end, n + a_batch);
    db.run("begin immediate");
    for (; n < until; ++n) {
      const auto g = content(n);
      add_publication(db, g, static_cast<std::int64_t>(n + 1));
      const auto group = static_cast<std::int64_t>(3 * n + 1);
      for (std::size_t i = 0; i < g.records.size(); ++i)
        add_name(db, g.records[i], group + static_cast<std::int64_t>(i), group);
    }
    db.run("commit");
    if (n % 50'000 == 0)
      std::fprintf(stderr, "%llu contents\n", static_cast<unsigned long long>(n));
  }
}

} // namespace interswarm::bench
