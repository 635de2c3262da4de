#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Bounds and etiquette of the registrar. RFC 7846 fixes no times.
namespace interswarm::ppsp::limits {

constexpr std::size_t registrar_url_bytes = 2'048;
constexpr std::size_t registrar_authorization_bytes = 8'192;

/// Swarms that are announced, and those besides that somebody asked for or follows.
constexpr std::size_t registrar_announced = 4'096;
constexpr std::size_t registrar_remembered = 8'192;
constexpr std::size_t registrar_followed = 8'192;
/// Swarms that we join as LEECH only because somebody asks for their peers.
constexpr std::size_t registrar_sought = 256;
/// Kept of one swarm.
constexpr std::size_t registrar_peers = 100;
constexpr std::size_t registrar_waiting_calls = 1'024;
/// Names of one `scrape`, as the interface has it.
constexpr std::size_t registrar_scraped = 74;
/// Of one CONNECT.
constexpr std::size_t registrar_actions = 32;

/// Requests are made one by one, and not closer than this.
constexpr std::chrono::milliseconds registrar_request_gap{100};
constexpr std::chrono::milliseconds registrar_http_timeout{10'000};
/// A request that gets no answer is sent so often, with its transaction id: at once, then after 1,
/// 2 and 4 s.
constexpr unsigned registrar_sends = 4;
/// Then the tracker is left alone for longer and longer.
constexpr std::chrono::milliseconds registrar_first_back_off{5'000};
constexpr std::chrono::milliseconds registrar_max_back_off{600'000};
/// A tracker that wants no business with us over HTTP (401, 403).
constexpr std::chrono::milliseconds registrar_denied_back_off{300'000};
/// The same swarm that was refused; doubles.
constexpr std::chrono::milliseconds registrar_first_refusal{60'000};
constexpr std::chrono::milliseconds registrar_max_refusal{1'800'000};

/// A tracker hears of us so often: trackers forget after 3 to 5 minutes.
constexpr std::chrono::milliseconds registrar_report_interval{90'000};
/// FIND of one swarm again, when it had peers and when it had none; a tracker's own
/// `swarm_interval` counts in their place, within bounds.
constexpr std::chrono::milliseconds registrar_find_interval{60'000};
constexpr std::chrono::milliseconds registrar_hungry_interval{15'000};
constexpr std::chrono::milliseconds registrar_least_interval{5'000};
constexpr std::chrono::milliseconds registrar_longest_interval{600'000};
/// Of a swarm that is only followed.
constexpr std::chrono::milliseconds registrar_follow_interval{300'000};
/// A tracker that forgot us between two requests would take a JOIN for the first one, and the other
/// swarms were lost unseen: it is asked for a sign that old at most.
constexpr std::chrono::milliseconds registrar_fresh{1'000};
/// A swarm that we are in is asked about at least so often, which proves that we are.
constexpr std::chrono::milliseconds registrar_audit_interval{1'800'000};
/// Between two looks for followed swarms that are due, and for anything else that is.
constexpr std::chrono::milliseconds registrar_follow_gap{1'000};
constexpr std::chrono::milliseconds registrar_look_interval{500};
/// A membership for the sake of `find` ends so long after the last one; who fetches asks every
/// minute.
constexpr std::chrono::milliseconds registrar_seek_linger{150'000};
/// Who asks waits no longer.
constexpr std::chrono::milliseconds registrar_longest_wait{10'000};
/// For the farewells, when a registrar ends.
constexpr std::chrono::milliseconds registrar_farewell{5'000};

} // namespace interswarm::ppsp::limits
