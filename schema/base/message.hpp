#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

namespace interswarm::msg {

/// A struct of schema/*.capnp from the bytes that `encode` made, on this or another machine.
/// Refuses what crosses the limits of schema/base/codec.hpp, Text that is not UTF-8 and enumerants
/// that this build does not know.
template <class T>
decoded<T> decode(byte_view data);

} // namespace interswarm::msg
