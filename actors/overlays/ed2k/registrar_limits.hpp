#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Bounds and etiquette of the registrar. Figures are aMule's where it has them: servers ban who
/// asks more.
namespace interswarm::ed2k::limits {

constexpr std::size_t max_announced_files = 10'000;
/// Files in one OFFERFILES (aMule).
constexpr std::size_t max_files_per_offer = 200;
/// Between two offers of changes.
constexpr std::chrono::milliseconds offer_gap{10'000};
/// An idle connection says that it lives.
constexpr std::chrono::milliseconds server_keep_alive{240'000};
/// A server that cannot be told of withdrawn files in any other way is logged in anew, not before
/// this.
constexpr std::chrono::milliseconds relogin_gap{30 * 60'000};

/// GETSOURCES: at once, and one more each such time.
constexpr std::size_t source_request_burst = 15;
constexpr std::int64_t source_request_seconds = 20;
/// The same file again, when it has sources; without any it starts lower and doubles.
constexpr std::chrono::milliseconds reask_time{16 * 60'000};
constexpr std::chrono::milliseconds first_reask_time{60'000};
/// Many servers answer nothing when they know no source.
constexpr std::chrono::milliseconds find_timeout{4'000};
/// A question that the budget holds back longer is answered with what is known; it is still asked.
constexpr std::chrono::milliseconds longest_find_wait{10'000};
constexpr std::chrono::milliseconds search_timeout{15'000};
/// A low-id client is asked again to call us.
constexpr std::chrono::milliseconds callback_gap{60'000};
constexpr std::size_t max_remembered_files = 20'000;
constexpr std::size_t max_remembered_sources = 500;
constexpr std::size_t max_remembered_low_ids = 10'000;
constexpr std::size_t max_waiting_finds = 1'024;
constexpr std::size_t max_waiting_searches = 16;
constexpr std::size_t max_followed_names = 20'000;

constexpr std::chrono::milliseconds server_login_timeout{45'000};
constexpr std::chrono::milliseconds first_back_off{5'000};
constexpr std::chrono::milliseconds max_back_off{600'000};
/// A server that refused us is left alone for so long.
constexpr std::chrono::milliseconds refused_back_off{300'000};

} // namespace interswarm::ed2k::limits
