#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <string_view>

namespace interswarm::compare {

/// "700 MiB", "1.5 GB", "512 B" as bytes: B, or with k, M, G, T (thousands) or Ki, Mi, Gi, Ti (of
/// 1024) before it. Fails `configuration`.
result<double> read_size(std::string_view text);

/// "10 Mbit/s", "1.25 MB/s" as bytes a second: bit/s with k, M, G before it, or a size and "/s".
/// "unlimited" is infinite. Fails `configuration`.
result<double> read_rate(std::string_view text);

/// A number as people would write it: with as many digits as it takes to read it back.
std::string text_of(double number);

} // namespace interswarm::compare
