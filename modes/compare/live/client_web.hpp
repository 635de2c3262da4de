#pragma once

#include "schema/base/result.hpp"

#include <memory>

namespace interswarm::compare {

/// HTTP calls to a program on this machine's loopback. Blocks, 60 s at most. For a process without
/// other threads.
class client_web {
public:
  explicit client_web(std::uint16_t port);
  ~client_web();

  struct answer {
    unsigned status = 0;
    std::string body;
    /// Transmission's header against forged requests.
    std::string session;
  };
  /// Posts JSON. Fails `unavailable` when nobody answers.
  result<answer> post(const std::string& path, const std::string& json,
                      const std::string& session = {});

private:
  struct hands;
  std::unique_ptr<hands> hands_;
};

} // namespace interswarm::compare
