#pragma once

#include "schema/base/result.hpp"

#include <filesystem>
#include <string>

namespace interswarm::compare {

/// Replaces the file by one with this text; whoever reads meanwhile has the old one or the new one.
/// Fails `io`.
result<void> write_file(const std::filesystem::path& path, const std::string& text);

/// "cannot write X: why".
tl::unexpected<error> write_failure(const std::filesystem::path& path, const std::string& why);

} // namespace interswarm::compare
