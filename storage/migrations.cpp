#include "storage/migrations.hpp"

namespace interswarm {

namespace {

// Keys, content ids and receipts are lower-case hex text: comparable, indexable and the same on
// every server.
constexpr const char* names_and_ledger[] = {
    R"(create table names (
      id bigint primary key,
      overlay varchar(32) not null,
      name_key varchar(2048) not null,
      content_group bigint not null,
      size bigint not null,
      content_id varchar(64) not null,
      evidence integer not null,
      expires bigint not null,
      title varchar(1024) not null,
      uri text not null,
      permission integer not null))",
    "create unique index names_by_key on names (overlay, name_key)",
    "create index names_by_group on names (content_group)",
    "create index names_by_content on names (content_id)",
    "create index names_by_expiry on names (expires)",
    R"(create table hash_lists (
      name_id bigint not null,
      algorithm integer not null,
      unit bigint not null,
      period bigint not null,
      first_byte bigint not null,
      last_byte bigint not null,
      evidence integer not null,
      hashes BLOB,
      primary key (name_id, algorithm, unit, period, first_byte, last_byte)))",
    R"(create table name_metadata (
      name_id bigint primary key,
      data BLOB))",
    // Equations that somebody declared, as edges between names: what stays together when one of
    // them is refuted.
    R"(create table links (
      low_id bigint not null,
      high_id bigint not null,
      primary key (low_id, high_id)))",
    "create index links_by_high on links (high_id)",
    // By key, not by id: a refutation outlives the names' leases.
    R"(sqlite:create table refuted (
      low_overlay varchar(32) not null,
      low_key varchar(2048) not null,
      high_overlay varchar(32) not null,
      high_key varchar(2048) not null,
      at bigint not null,
      primary key (low_overlay, low_key, high_overlay, high_key)))",
    // PostgreSQL's index rows end at 2.7 KB, which two long keys exceed.
    R"(postgresql:create table refuted (
      low_overlay varchar(32) not null,
      low_key varchar(2048) not null,
      high_overlay varchar(32) not null,
      high_key varchar(2048) not null,
      at bigint not null))",
    "postgresql:create index refuted_by_low on refuted (low_overlay, low_key)",
    "create index refuted_by_high on refuted (high_overlay, high_key)",
    R"(create table title_words (
      word varchar(64) not null,
      name_id bigint not null,
      primary key (word, name_id)))",
    "create index title_words_by_name on title_words (name_id)",
    R"(create table ledger (
      receipt varchar(64) not null,
      role integer not null,
      from_domain varchar(255) not null,
      from_overlay varchar(32) not null,
      to_domain varchar(255) not null,
      to_overlay varchar(32) not null,
      name_overlay varchar(32) not null,
      name_key varchar(2048) not null,
      tenant varchar(255) not null,
      bytes bigint not null,
      first_at bigint not null,
      last_at bigint not null,
      primary key (receipt, role)))",
    "create index ledger_by_time on ledger (last_at)",
};

constexpr const char* contents_and_publications[] = {
    R"(create table contents (
      content_id varchar(64) primary key,
      size bigint not null,
      chunks BLOB))",
    R"(create table publications (
      id bigint primary key,
      content_id varchar(64) not null,
      tenant varchar(255) not null,
      title varchar(1024) not null,
      media_type varchar(255) not null,
      properties text not null,
      series varchar(1024) not null,
      is_open integer not null,
      published_at bigint not null,
      expires bigint not null))",
    "create unique index publications_by_content on publications (content_id, tenant)",
    "create index publications_by_series on publications (tenant, series)",
    "create index publications_by_expiry on publications (expires)",
    R"(create table publication_words (
      word varchar(64) not null,
      publication_id bigint not null,
      primary key (word, publication_id)))",
    "create index publication_words_by_id on publication_words (publication_id)",
};

// A party's token is kept as its SHA-256, its tenants and overlays as a line each.
constexpr const char* parties[] = {
    R"(create table parties (
      name varchar(255) primary key,
      token varchar(64) not null,
      tenants text not null,
      overlays text not null,
      may_take integer not null,
      may_message integer not null,
      revoked integer not null,
      added_at bigint not null))",
    "create unique index parties_by_token on parties (token)",
};

// What clients were sent, and how long contents were kept for whom (`ended` 0: still). What was
// published before has been kept since then, as far as is known.
constexpr const char* served_and_keepings[] = {
    R"(create table served (
      receipt varchar(64) primary key,
      hour bigint not null,
      node varchar(255) not null,
      overlay varchar(32) not null,
      content_id varchar(64) not null,
      tenant varchar(255) not null,
      party varchar(255) not null,
      bytes bigint not null,
      first_at bigint not null,
      last_at bigint not null,
      handed_bytes bigint not null))",
    "create index served_by_hour on served (hour, receipt)",
    "create index served_by_tenant on served (tenant, hour)",
    "create index served_to_hand_over on served (receipt) where handed_bytes < bytes",
    R"(create table keepings (
      id bigint primary key,
      tenant varchar(255) not null,
      content_id varchar(64) not null,
      size bigint not null,
      began bigint not null,
      ended bigint not null,
      expires bigint not null))",
    "create index keepings_by_content on keepings (content_id, tenant)",
    "create index keepings_by_tenant on keepings (tenant, id)",
    "create index keepings_by_end on keepings (ended)",
    "insert into keepings (id, tenant, content_id, size, began, ended, expires) select p.id, "
    "p.tenant, p.content_id, c.size, p.published_at, 0, p.expires from publications p join "
    "contents c on c.content_id = p.content_id",
};

// word_index.cpp makes the same tokens. Each beginning of a word has a list of its own, up to 16
// bytes; those of longer ones are merged for a search.
constexpr const char* words_in_fts5[] = {
    R"(sqlite:create virtual table publication_index using fts5 (words, detail = none,
      columnsize = 0, tokenize = 'ascii',
      prefix = '2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32'))",
    R"(sqlite:insert into publication_index (rowid, words)
      select p.id, coalesce((select group_concat(case when instr(w.word, '=') > 0 then 'pr' else ''
          end || hex(w.word), ' ') from publication_words w where w.publication_id = p.id), '') ||
        ' te' || hex(p.tenant) || ' mt' || hex(p.media_type) ||
        case when p.is_open = 1 then ' op' else '' end
      from publications p order by p.id)",
    "sqlite:drop table publication_words",
    R"(sqlite:create virtual table name_index using fts5 (words, detail = none, columnsize = 0,
      tokenize = 'ascii', prefix = '2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32'))",
    R"(sqlite:insert into name_index (rowid, words)
      select n.id, (select group_concat(hex(w.word), ' ') from title_words w where w.name_id = n.id)
      from names n where n.title <> '' order by n.id)",
    "sqlite:drop table title_words",
    "postgresql:create index publications_by_tenant on publications (tenant, id)",
};

// What each tenant publishes, summed up where it changes: it is asked for at each upload.
constexpr const char* totals_of_tenants[] = {
    R"(create table tenant_totals (
      tenant varchar(255) primary key,
      size bigint not null,
      publications bigint not null))",
    R"(insert into tenant_totals (tenant, size, publications)
      select p.tenant, cast(sum(c.size) as bigint), count(*) from publications p join contents c
      on c.content_id = p.content_id group by p.tenant)",
};

constexpr const char* accounts_of_parties[] = {
    "alter table parties add column account varchar(255) not null default ''",
    "create index served_by_party on served (party, hour)",
};

// Chunk and holder names are lower-case hex text, as above.
constexpr const char* chunks_and_holds[] = {
    R"(create table chunks (
      name varchar(64) primary key,
      size integer not null,
      stored_at bigint not null,
      checked_at bigint not null,
      state integer not null,
      unheld_since bigint not null))",
    "create index chunks_by_check on chunks (checked_at)",
    "create index chunks_by_hold on chunks (unheld_since)",
    "create index chunks_by_state on chunks (state)",
    R"(create table holds (
      holder varchar(128) not null,
      name varchar(64) not null,
      primary key (holder, name)))",
    "create index holds_by_name on holds (name)",
};

constexpr migration name_steps[] = {
    {1, "names with evidence and proof data, the ledger", names_and_ledger},
    {2, "the catalogue of what was published", contents_and_publications},
    {3, "who may use the access service", parties},
    {4, "what clients were sent and how long contents were kept", served_and_keepings},
    {5, "words are found by FTS5 on SQLite", words_in_fts5},
    {6, "what each tenant publishes, summed up", totals_of_tenants},
    {7, "whose account a party may see", accounts_of_parties},
};
constexpr migration chunk_steps[] = {
    {1, "chunks, and who wants each of them kept", chunks_and_holds},
};
constexpr table_set names{"interswarm_version", name_steps};
constexpr table_set chunks{"interswarm_chunks_version", chunk_steps};

} // namespace

const table_set& name_tables() { return names; }
const table_set& chunk_tables() { return chunks; }

} // namespace interswarm
