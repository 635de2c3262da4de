#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of storage/, in one place. A test crosses each of them.
namespace interswarm::limits {

/// Largest content anything here describes: 2^60 bytes, so that sums of two offsets never overflow.
inline constexpr std::uint64_t content_bytes = std::uint64_t{1} << 60;

/// Digests of one hash list: the BEP 52 leaves of a 64 GiB content.
inline constexpr std::uint64_t hash_list_units = std::uint64_t{1} << 22;
/// Bytes that `verify_range` hashes in one call.
inline constexpr std::uint64_t verify_bytes = std::uint64_t{1} << 30;

/// Piece lengths that one pass of the content hasher takes.
inline constexpr std::size_t hasher_piece_lengths = 16;
/// Threads of one content hasher.
inline constexpr unsigned hasher_workers = 64;

/// Units of one list that a range hasher keeps open at once, each with a hash state of about 200
/// bytes.
inline constexpr std::size_t range_hasher_open_units = 1024;
/// Bytes that a range hasher holds back because the bytes before them in their unit are missing.
inline constexpr std::size_t range_hasher_held_bytes = std::size_t{16} << 20;

/// How long a statement waits for another process's lock on the database.
inline constexpr int database_busy_ms = 5000;
/// On a server: how long to connect, to run one statement, to let a transaction wait for its next
/// statement, and to wait for all answers of one call unless `options` has a statement_timeout.
inline constexpr int database_connect_s = 5;
inline constexpr int database_statement_ms = 30'000;
inline constexpr int database_idle_ms = 10'000;
inline constexpr int database_call_ms = 2 * database_statement_ms;

/// Names of all contents together, and of one content.
inline constexpr std::uint64_t names = 2'000'000;
inline constexpr std::size_t names_per_content = 64;
/// Pairs that were refuted, of one name and of all.
inline constexpr std::size_t refuted_per_name = 64;
/// Parts of one name record. What a person reads is cut to its length, everything else is refused.
inline constexpr std::size_t overlay_bytes = 32;
inline constexpr std::size_t name_key_bytes = 1024;
inline constexpr std::size_t title_bytes = 1024;
inline constexpr std::size_t uri_bytes = std::size_t{64} << 10;
inline constexpr std::size_t metadata_bytes = std::size_t{16} << 20;
inline constexpr std::size_t hash_lists_per_record = 16;
/// Digests of all lists of one record: the BEP 52 leaves of 16 GiB.
inline constexpr std::size_t hash_bytes_per_record = std::size_t{32} << 20;
/// Words of a title that can be searched, and of a search.
inline constexpr std::size_t words_per_title = 32;
inline constexpr std::size_t search_words = 8;
inline constexpr std::size_t word_bytes = 64;
/// Records that one search or listing gives.
inline constexpr std::size_t listing = 1000;

/// Parts of one ledger entry, entries of one batch, rows of one listing.
inline constexpr std::size_t receipt_bytes = 32;
inline constexpr std::size_t domain_bytes = 255;
inline constexpr std::size_t ledger_batch = 10'000;
/// Rows of the ledger: about 4 GB.
inline constexpr std::uint64_t ledger_rows = 10'000'000;
inline constexpr std::size_t ledger_listing = 100'000;

/// Deliveries of one table (about 6 GB), of one batch, counts that a tally holds at once, times
/// that contents were kept, entries of one page of an account.
inline constexpr std::uint64_t served_rows = 20'000'000;
inline constexpr std::size_t served_batch = 10'000;
inline constexpr std::size_t tallied_deliveries = 65'536;
inline constexpr std::uint64_t keepings = 50'000'000;
inline constexpr std::size_t account_listing = 10'000;

/// Files of one spool, bytes of a key, separate ranges of one file, bytes of its journal.
inline constexpr std::size_t spool_files = 100'000;
inline constexpr std::size_t spool_key_bytes = 2048;
inline constexpr std::size_t spool_ranges = std::size_t{1} << 18;
inline constexpr std::size_t spool_journal_bytes = std::size_t{64} << 20;
/// Bytes of one read.
inline constexpr std::uint64_t spool_read_bytes = std::uint64_t{64} << 20;
/// Written bytes after which a spool file makes them safe by itself.
inline constexpr std::uint64_t spool_sync_bytes = std::uint64_t{32} << 20;
/// Journal records after which the journal is written anew.
inline constexpr std::size_t spool_compact_records = 16'384;

/// Chunks of one storage node: 16 TiB. Rows of one listing, names in one request, bytes of a
/// holder's name.
inline constexpr std::uint64_t chunks = std::uint64_t{1} << 22;
inline constexpr std::size_t chunk_listing = 10'000;
inline constexpr std::size_t chunk_batch = 10'000;
inline constexpr std::size_t holder_bytes = 64;

/// A node's namespace in a RADOS pool, how long one call may wait, objects of a listing whose
/// length is asked for at once.
inline constexpr std::size_t rados_space_bytes = 64;
inline constexpr std::chrono::seconds rados_wait{600};
inline constexpr std::size_t rados_lengths_asked = 64;

/// Publications of one catalogue, a content that is kept, a media type, all properties of one.
inline constexpr std::uint64_t publications = 10'000'000;
/// Names in a catalogue's database: of each a v1 torrent, a v2 torrent and an ed2k link, and room
/// for what was imported.
inline constexpr std::uint64_t published_names = 4 * publications;
inline constexpr std::uint64_t kept_content_bytes = std::uint64_t{1} << 42;
inline constexpr std::size_t media_type_bytes = 255;
inline constexpr std::size_t property_bytes = std::size_t{16} << 10;

/// Parties of the access service, and the tenants or overlays of one.
inline constexpr std::uint64_t parties = 100'000;
inline constexpr std::size_t party_texts = 256;

/// A Metalink document, its files, the URLs of one file and their lengths, its kinds of piece
/// hashes.
inline constexpr std::size_t metalink_bytes = std::size_t{4} << 20;
inline constexpr std::size_t metalink_files = 1000;
inline constexpr std::size_t metalink_urls = 1000;
inline constexpr std::size_t metalink_url_bytes = std::size_t{64} << 10;
inline constexpr std::size_t metalink_piece_lists = 8;

} // namespace interswarm::limits
