#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace interswarm::compare {

/// A line of a table on a terminal; one of a single cell is a heading.
using text_row = std::vector<std::string>;

/// Shortens the first cells as far as lets the others fit into so many columns.
void shorten_labels(std::vector<text_row>& rows, std::size_t columns);

/// Columns padded to their widest cell, two blanks between them; the first is left-bound, the
/// `figures` behind it are right-bound.
std::string aligned_text(const std::vector<text_row>& rows, std::size_t figures);

} // namespace interswarm::compare
