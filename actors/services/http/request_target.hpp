#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace interswarm::http {

/// A signed URL's query as it came; empty where a part is missing.
struct url_signature {
  std::string expires;
  std::string key;
  std::string signature;

  friend bool operator==(const url_signature&, const url_signature&) = default;
};

/// What a request's target (RFC 9112 section 3.2) asks for.
struct request_target {
  enum class kind : std::uint8_t {
    content,
    health,
    /// "*", of OPTIONS.
    server,
    /// No such path here.
    unknown,
    /// A broken escape, a control character, a name that is too long, a parameter given twice.
    malformed,
  };
  kind what = kind::unknown;
  /// The content's name, decoded.
  std::string name{};
  /// If any of its three parameters is there. Other parameters are ignored.
  std::optional<url_signature> signature{};

  friend bool operator==(const request_target&, const request_target&) = default;
};

/// `/content/NAME`, `/content/NAME/FILE NAME`, `/health`, in origin or absolute form.
///
/// NAME is percent-encoded, its slashes too. A link with a scheme may also stand there as it is, as
/// `/content/ed2k://|file|…|/`: when the first segment ends in ':', all that follows belongs to the
/// name, and no file name can come after it. The file name is for people and for the programs that
/// name a download by its URL: it says nothing about the content, above all not its type.
request_target parse_target(std::string_view target);

} // namespace interswarm::http
