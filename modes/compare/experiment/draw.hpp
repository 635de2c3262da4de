#pragma once

#include "modes/compare/experiment/experiment.hpp"
#include "schema/base/result.hpp"

namespace interswarm::compare {

/// What happens from outside in one repetition: peers and when they are online, contents and who
/// holds them, requests. The same experiment and seed give the same plan on every machine, bit by
/// bit. Fails `too_large` if more requests come than limits allow.
result<plan> draw(const experiment& e, std::uint64_t seed);

} // namespace interswarm::compare
