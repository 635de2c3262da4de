#pragma once

#include "modes/compare/experiment/law.hpp"
#include "modes/config_reader.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Each reads one value within bounds, which are meant to be told with what is wrong; what is
/// absent leaves `out` alone. The reader has the error.
namespace interswarm::compare::fields {

void count(config_reader& r, const char* key, std::uint32_t& out, std::uint32_t least,
           std::uint32_t most);
void number(config_reader& r, const char* key, double& out, double least, double most);
/// 0 to 1.
void share(config_reader& r, const char* key, double& out);
/// A text of at most `most` bytes.
void text(config_reader& r, const char* key, std::string& out, std::size_t most);
/// "700 MiB" as whole bytes.
void size(config_reader& r, const char* key, double& out, double least, double most);
/// "10 Mbit/s" as bytes/s. "unlimited" only if `unlimited`.
void rate(config_reader& r, const char* key, double& out, bool unlimited);
/// "15m", or a number of seconds.
void time(config_reader& r, const char* key, double& out, double least, double most);

enum class measure : std::uint8_t { size, time };
/// One value, or a table: { distribution = "…", … }.
void spread(config_reader& r, const char* key, law& out, measure what);

/// Which of the names is written there; nothing if none is or it is none of them.
std::optional<std::uint32_t> one_of(config_reader& r, const char* key,
                                    std::span<const std::string_view> names);
/// The same of names that the file gave.
std::optional<std::uint32_t> one_of(config_reader& r, const char* key,
                                    const std::vector<std::string>& names);
/// A list of them, each at most once.
std::optional<std::vector<std::uint32_t>> some_of(config_reader& r, const char* key,
                                                  const std::vector<std::string>& names);

/// 1 to 63 of a-z, 0-9, "-" and "_": what domains, overlays and experiments are called.
bool is_name(std::string_view text);

} // namespace interswarm::compare::fields
