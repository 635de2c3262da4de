#pragma once

#include <kj/exception.h>

#include <string>

namespace interswarm::runtime {

/// What an exception of KJ says, as one line for people: without the system call and its arguments
/// or the expectation before the words, and the parameters behind them.
std::string reason_of(const kj::Exception& e);

} // namespace interswarm::runtime
