#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Bounds of the ed2k server and registrar that no option moves.
namespace interswarm::ed2k::limits {

/// Files of one hash but different sizes: one is honest, the rest are mistakes or attacks.
constexpr std::size_t max_sizes_per_hash = 4;
/// Names kept of one file; sources with a further one count without it.
constexpr std::size_t max_names_per_file = 4;
/// Media tags kept of one file, and bytes of a string tag.
constexpr std::size_t max_media_tags = 8;
constexpr std::size_t max_media_text_bytes = 128;
/// Bytes of a file name in the index; a longer one is not indexed.
constexpr std::size_t max_indexed_name_bytes = 512;
/// Bytes of a word in the index; a longer one is not searchable.
constexpr std::size_t max_indexed_word_bytes = 64;
/// Sources of one file.
constexpr std::size_t max_sources_per_file = 5'000;
/// Sources in one answer (the wire has 255).
constexpr std::size_t max_sources_per_answer = 200;
/// Files looked at by one search.
constexpr std::size_t max_search_work = 20'000;
/// Results of one search: an answer and what QUERY_MORE fetches.
constexpr std::size_t max_search_results = 1'000;
constexpr std::size_t max_results_per_answer = 200;

/// Names that somebody seeks, and parties remembered for one.
constexpr std::size_t max_wanted_names = 100'000;
constexpr std::size_t max_seekers_per_name = 256;
/// A seeker that did not ask again (clients do every 15 to 29 minutes) has left.
constexpr std::chrono::milliseconds seeker_timeout{45 * 60'000};
/// Between two tellings of one name's demand: at least, and while it lasts about.
constexpr std::chrono::milliseconds demand_gap{5'000};
constexpr std::chrono::milliseconds demand_repeat{10'000};
/// Repeated demands told in one round.
constexpr std::size_t max_demands_per_round = 256;

/// A new source is told to seekers at once while the file has no more than this many: clients ask
/// again only after 15 minutes.
constexpr std::size_t max_pushed_sources = 8;

/// Time to log in after connecting, and for the call-back test.
constexpr std::chrono::milliseconds login_timeout{30'000};
constexpr std::chrono::milliseconds probe_timeout{10'000};
/// Call-back tests at once; a further client waits, up to `login_timeout`, then gets a low id.
constexpr std::size_t max_probes = 64;
/// Requests kept of a client whose test is under way.
constexpr std::size_t max_early_requests = 16;
/// Largest request of a client: 2,000 offered files with long names.
constexpr std::size_t max_request_bytes = 300'000;
/// Answers waiting for a slow client; above it the client is dropped.
constexpr std::size_t max_unsent_bytes = 1u << 20;
/// Addresses whose rates are remembered.
constexpr std::size_t max_remembered_addresses = 65'536;
/// Servers told to clients, and other servers' addresses in configuration.
constexpr std::size_t max_listed_servers = 100;
/// Listeners of demand.
constexpr std::size_t max_listeners = 64;
/// Names in one scrape (overlay.capnp).
constexpr std::size_t max_scraped_names = 74;

} // namespace interswarm::ed2k::limits
