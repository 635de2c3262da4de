#pragma once

#include "schema/base/result.hpp"

#include <kj/compat/tls.h>
#include <memory>
#include <string>

namespace interswarm::runtime {

/// What a node shows to others and whom it trusts: PEM texts.
struct tls_identity {
  /// Certificate authority of the operator.
  std::string authority;
  std::string certificate;
  std::string private_key;

  /// From `authority.pem`, `NAME.pem` and `NAME.key` in `directory`, as `interswarm keys` makes
  /// them.
  static result<tls_identity> load(const std::string& directory, const std::string& name);
};

/// A TLS context that shows `identity` and accepts, in both roles, only certificates of its
/// authority. TLS 1.2 or later. Throws kj::Exception when a text is not what it should be.
kj::Own<kj::TlsContext> make_tls_context(const tls_identity& identity);

} // namespace interswarm::runtime
