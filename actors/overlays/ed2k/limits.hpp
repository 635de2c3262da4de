#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the ed2k peer. Etiquette figures are eMule's and aMule's: crossing them gets one
/// banned there.
namespace interswarm::ed2k::limits {

// Upload queue.
constexpr std::size_t max_waiting_clients = 1'000;
/// Clients of one address in the queue (eMule).
constexpr std::size_t max_queued_per_address = 3;
/// A session ends after this much or this long when others wait (eMule's SESSIONMAXTRANS,
/// SESSIONMAXTIME).
constexpr std::uint64_t session_bytes = 10'485'760;
constexpr std::chrono::milliseconds session_time = std::chrono::hours(1);
/// A waiting client that does not ask again leaves the queue (eMule's MAX_PURGEQUEUETIME).
constexpr std::chrono::milliseconds waiting_lease = std::chrono::hours(1);
/// Slot requests of one client in `flood_window` before it is banned for `ban_time`.
constexpr std::size_t max_asks_in_window = 30;
constexpr std::chrono::milliseconds flood_window = std::chrono::minutes(10);
constexpr std::chrono::milliseconds ban_time = std::chrono::hours(2);
constexpr std::size_t max_banned_clients = 10'000;

// Upload session.
/// Questions of one client that wait until their files can answer.
constexpr std::size_t max_pending_questions = 64;
/// aMule and eMule close a connection on which they hear nothing for 40 s: while a question of
/// theirs waits, they are asked something so often.
constexpr std::chrono::milliseconds keep_alive = std::chrono::seconds(15);
/// Blocks one client may have requested and not got.
constexpr std::size_t max_requested_blocks = 128;
/// Longest range in one request: three blocks, as eMule takes.
constexpr std::uint64_t max_requested_range_bytes = 3 * 184'320;
/// Separate ranges remembered as sent; beyond it the memory starts anew.
constexpr std::size_t max_sent_ranges = 4'096;
/// Payload of one data packet; the last of a block may have up to twice as much (eMule).
constexpr std::uint64_t data_packet_bytes = 10'240;

// Download.
/// Blocks asked of one source: a slow source gets the three that every client grants, a fast one
/// more.
constexpr std::size_t min_window_blocks = 3;
constexpr std::size_t max_window_blocks = 32;
/// A source without a byte for so long loses its blocks to others.
constexpr std::chrono::milliseconds stall_time = std::chrono::seconds(10);
/// ... and its connection (DOWNLOADTIMEOUT).
constexpr std::chrono::milliseconds download_timeout = std::chrono::seconds(100);
constexpr std::chrono::milliseconds connect_timeout = std::chrono::seconds(40);
/// Not before this may a source be asked again for the same file (MIN_REQUESTTIME, rounded up).
constexpr std::chrono::milliseconds min_reask_time = std::chrono::minutes(10);
/// Points at which aMule bans an asker; see slot_etiquette.
constexpr std::uint32_t ban_points = 10;
constexpr std::size_t max_slot_accounts = 10'000;
/// Downloads that share one client: a client is connected once, and uploads one file at a time. A
/// download whose turn lasts so long lets the next one have it.
constexpr std::size_t max_downloads_per_client = 64;
constexpr std::chrono::milliseconds turn_time = std::chrono::seconds(3);
constexpr std::chrono::milliseconds source_exchange_interval = std::chrono::minutes(40);
/// Sources that fetch one block at the same time in the end-game.
constexpr std::size_t max_block_fetchers = 2;
constexpr std::size_t max_sources = 500;
constexpr std::size_t max_connected_sources = 64;
/// Bad blocks or parts before a source is banned.
constexpr std::size_t max_strikes = 3;
constexpr std::size_t max_failed_parts_remembered = 64;

// Hands.
constexpr std::size_t max_connections = 500;
constexpr std::size_t max_connections_per_address = 8;
/// Bytes queued towards one client before its session stops making more.
constexpr std::size_t max_send_queue_bytes = 1u << 20;
/// aMule up to 2.3.3 loses the wake-up of a socket when more bytes lie in it than it took at once,
/// and then never reads again (amule-org/amule #871, #882). So it gets a burst and a question
/// (PUBLICIP_REQ), and the next burst a moment after its answer showed that all of it was read;
/// without an answer, after this time.
constexpr std::size_t amule_burst_bytes = 60'000;
constexpr std::chrono::milliseconds amule_burst_gap{1};
constexpr std::chrono::milliseconds amule_answer_time{1'000};
constexpr std::size_t read_buffer_bytes = 256 * 1024;
/// Reads that one fetch keeps waiting.
constexpr std::size_t max_pending_reads = 256;

} // namespace interswarm::ed2k::limits
