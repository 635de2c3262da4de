#pragma once

#include "modes/compare/measure/comparison.hpp"

#include <string>

namespace interswarm::compare {

/// `report.html`: one file that needs no other, no script and no network. HTML 5 that is
/// well-formed XML too.
std::string report_html(const comparison& c);

// Its parts that are tables and text. Each appends what stands under a heading.

/// Headline figures, who is better, by how much and how sure that is.
void put_verdict(std::string& out, const variant_summary& v);
/// Who is better at each value of what is swept.
void put_sweep_verdict(std::string& out, const comparison& c);
/// Every metric, with the differences of each two solutions.
void put_all_figures(std::string& out, const variant_summary& v);

// Those that are a <section> of their own.
void put_deployment(std::string& out, const variant_summary& v);
void put_calibration(std::string& out, const comparison& c);
void put_configuration(std::string& out, const comparison& c);
void put_reading_guide(std::string& out, const comparison& c);

/// The style sheet.
std::string_view style_sheet();

} // namespace interswarm::compare
