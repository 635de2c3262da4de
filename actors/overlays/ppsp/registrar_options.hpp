#pragma once

#include "schema/base/endpoint.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace interswarm::ppsp {

/// Somebody else's PPSP tracker that our peer registers at.
struct registrar_options {
  /// "https://tracker.example/ppsp"; http and https.
  std::string url = {};
  /// Where clients reach our peer. An unspecified address (0.0.0.0, ::) stands for the one that
  /// requests leave from, where that is of its family.
  std::vector<endpoint> own = {};
  /// The Authorization header's text, such as "Bearer …"; empty: none. Not shown anywhere.
  std::string authorization = {};
  /// PEM certificates that are trusted beside the system's; empty for none.
  std::string authorities = {};
  /// A request that got no answer is sent again after so long, then after twice that, and so on.
  std::chrono::milliseconds first_retry{1'000};
};

} // namespace interswarm::ppsp
