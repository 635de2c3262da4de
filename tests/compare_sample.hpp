#pragma once

#include "modes/compare/measure/comparison.hpp"

/// Made-up runs for tests of figures and reports: no engine ran, but the records obey every
/// conservation check and look like those of an hour of two overlays. All are told by the seed.
namespace compare_sample {

using namespace interswarm::compare;

/// Two overlays in two domains, a third domain with the storage network, `requests` requests, a
/// third of them played back, and two faults.
plan make_plan(std::uint64_t seed, std::size_t requests = 600);

/// `overlap`: the share of contents that both overlays hold.
run_record make_record(const plan& p, solution how, std::uint32_t repetition, double overlap = 0.3);

/// Runs of all three solutions, `repetitions` each.
variant_summary make_variant(std::string label, std::optional<double> at, double overlap,
                             std::uint32_t repetitions, std::size_t requests = 600);

comparison make_comparison(std::uint32_t repetitions = 5);
/// Over five values of the overlap, with a calibration.
comparison make_sweep();
/// Texts from the experiment file and the plan that would break a page which does not escape.
comparison make_hostile();

inline constexpr const char* hostile_text =
    "<script>alert(1)</script>\"'&amp;]]>\x01\xFF\u202E-- \u00E9\u4E2D\U0001F600";

} // namespace compare_sample
