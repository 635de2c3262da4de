#include "actors/runtime/tls.hpp"

#include "actors/runtime/keys.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace interswarm::runtime {

namespace {

constexpr std::uintmax_t max_pem_bytes = 1U << 20U;

result<std::string> read_pem(const std::filesystem::path& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  std::ifstream in(path, std::ios::binary);
  if (failed || !in)
    return fail(errc::configuration, "cannot read " + path.string() + ": " +
                                         std::strerror(failed ? failed.value() : errno) +
                                         "; make keys with: interswarm keys --dir DIR NAME");
  if (size > max_pem_bytes)
    return fail(errc::configuration, path.string() + " is too large for a key or certificate");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

} // namespace

result<tls_identity> tls_identity::load(const std::string& directory, const std::string& name) {
  if (!valid_key_name(name)) return fail(errc::configuration, "not a node's name: " + name);
  const std::filesystem::path base(directory);
  tls_identity made;
  for (auto [part, file] :
       {std::pair(&made.authority, std::string(authority_file)),
        std::pair(&made.certificate, name + ".pem"), std::pair(&made.private_key, name + ".key")}) {
    auto text = read_pem(base / file);
    if (!text) return tl::unexpected(text.error());
    *part = std::move(*text);
  }
  return made;
}

kj::Own<kj::TlsContext> make_tls_context(const tls_identity& identity) {
  const kj::TlsKeypair pair{kj::TlsPrivateKey(kj::StringPtr(identity.private_key.c_str())),
                            kj::TlsCertificate(kj::StringPtr(identity.certificate.c_str()))};
  const kj::TlsCertificate authority(kj::StringPtr(identity.authority.c_str()));
  kj::TlsContext::Options options;
  options.useSystemTrustStore = false;
  options.verifyClients = true;
  options.trustedCertificates = kj::arrayPtr(&authority, 1);
  options.defaultKeypair = pair;
  options.minVersion = kj::TlsVersion::TLS_1_2;
  return kj::heap<kj::TlsContext>(options);
}

} // namespace interswarm::runtime
