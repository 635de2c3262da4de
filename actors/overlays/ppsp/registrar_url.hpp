#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace interswarm::ppsp {

/// Where a foreign tracker takes its POSTs.
struct registrar_url {
  bool tls = false;
  /// Name or address; an IPv6 address without brackets.
  std::string host;
  std::uint16_t port = 0;
  /// Path with query, "/" at least. A query may hold a key, so it is not shown.
  std::string target;

  /// `configuration` with one line where it is no http or https URL.
  static result<registrar_url> parse(std::string_view text);
  /// "host:port" with brackets where needed, as a Host header or a dialled address wants it.
  std::string authority() const;
};

} // namespace interswarm::ppsp
