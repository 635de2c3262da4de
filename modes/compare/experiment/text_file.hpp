#pragma once

#include "schema/base/result.hpp"

#include <cstddef>
#include <string>

namespace interswarm::compare {

/// All that is in a regular file. Fails `io`, or `too_large` with more than `limit` bytes.
result<std::string> read_text_file(const std::string& file, std::size_t limit);

} // namespace interswarm::compare
