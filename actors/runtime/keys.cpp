#include "actors/runtime/keys.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace interswarm::runtime {

namespace {

namespace fs = std::filesystem;

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* x) const {
    Free(x);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

constexpr long validity_seconds = 3650L * 24 * 3600;
/// Clocks of nodes differ.
constexpr long backdated_seconds = 3600;

struct credentials {
  certificate_ptr certificate;
  key_ptr key;
};

tl::unexpected<error> openssl_failure(const std::string& what) {
  char text[256] = "";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return fail(errc::internal, what + ": " + text);
}

tl::unexpected<error> file_failure(const std::string& what, const fs::path& path) {
  return fail(errc::io, what + " " + path.string() + ": " + std::strerror(errno));
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const extension_ptr made(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  unsigned char random[16];
  if (RAND_bytes(random, sizeof random) != 1) return false;
  random[0] &= 0x7FU; // positive
  const std::unique_ptr<BIGNUM, freed_by<BN_free>> number(
      BN_bin2bn(random, sizeof random, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

/// A new key with a certificate for it: the authority's own if `issuer` is null.
result<credentials> make_certificate(const std::string& name, const credentials* issuer) {
  credentials made{certificate_ptr(X509_new()), key_ptr(EVP_EC_gen("P-256"))};
  auto* const c = made.certificate.get();
  if (!c || !made.key) return openssl_failure("cannot make a key");
  auto* const subject = X509_get_subject_name(c);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  auto* const issuer_certificate = issuer ? issuer->certificate.get() : c;
  bool good = X509_set_version(c, 2) == 1 && set_serial(c) &&
              X509_gmtime_adj(X509_getm_notBefore(c), -backdated_seconds) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(c), validity_seconds) != nullptr &&
              X509_set_pubkey(c, made.key.get()) == 1 &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
              X509_set_issuer_name(c, X509_get_subject_name(issuer_certificate)) == 1 &&
              extend(c, issuer_certificate, NID_subject_key_identifier, "hash");
  if (issuer)
    good = good && extend(c, issuer_certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(c, issuer_certificate, NID_key_usage, "critical,digitalSignature") &&
           extend(c, issuer_certificate, NID_ext_key_usage, "serverAuth,clientAuth") &&
           extend(c, issuer_certificate, NID_authority_key_identifier, "keyid") &&
           extend(c, issuer_certificate, NID_subject_alt_name, "DNS:" + name);
  else
    good = good && extend(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
  auto* const signer = issuer ? issuer->key.get() : made.key.get();
  if (!good || X509_sign(c, signer, EVP_sha256()) == 0)
    return openssl_failure("cannot make a certificate for " + name);
  return made;
}

/// A new file with all of `text`, or nothing.
result<void> write_new(const fs::path& path, const std::string& text, ::mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) {
    if (errno == EEXIST)
      return fail(errc::conflict, path.string() + " exists and is not overwritten");
    return file_failure("cannot make", path);
  }
  const auto written = ::write(fd, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int why = errno;
  if (close(fd) == 0 && whole) return {};
  unlink(path.c_str());
  errno = whole ? errno : why;
  return file_failure("cannot write", path);
}

result<void> save(const credentials& c, const fs::path& certificate, const fs::path& key) {
  const bio_ptr pem(BIO_new(BIO_s_mem()));
  const bio_ptr key_pem(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(pem.get(), c.certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_pem.get(), c.key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1)
    return openssl_failure("cannot encode a certificate");
  // The key first: a certificate without its key is of no use.
  if (auto saved = write_new(key, contents(key_pem.get()), 0600); !saved) return saved;
  auto saved = write_new(certificate, contents(pem.get()), 0644);
  if (!saved) unlink(key.c_str());
  return saved;
}

result<credentials> load_authority(const fs::path& certificate, const fs::path& key) {
  const bio_ptr pem(BIO_new_file(certificate.c_str(), "r"));
  const bio_ptr key_pem(BIO_new_file(key.c_str(), "r"));
  credentials loaded;
  if (pem) loaded.certificate.reset(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
  if (key_pem) loaded.key.reset(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
  if (!loaded.certificate || !loaded.key ||
      X509_check_private_key(loaded.certificate.get(), loaded.key.get()) != 1)
    return fail(errc::configuration,
                certificate.string() + " and " + key.string() +
                    " are not a readable authority; restore both or use an empty folder");
  return loaded;
}

} // namespace

bool valid_key_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         name != "authority" && std::all_of(name.begin(), name.end(), allowed);
}

result<std::vector<std::string>> make_keys(const std::string& directory,
                                           const std::vector<std::string>& names) {
  if (names.empty() || names.size() > max_key_names)
    return fail(errc::configuration, "name 1 to " + std::to_string(max_key_names) + " nodes");
  const fs::path base(directory);
  for (const auto& name : names) {
    if (!valid_key_name(name))
      return fail(errc::configuration,
                  "'" + name + "' cannot name a node: use 1 to 63 of a-z, 0-9 and '-'");
    for (const auto& file : {base / (name + ".pem"), base / (name + ".key")}) {
      if (fs::exists(fs::symlink_status(file)))
        return fail(errc::conflict, file.string() + " exists and is not overwritten");
    }
    if (std::count(names.begin(), names.end(), name) > 1)
      return fail(errc::conflict, name + " is named twice");
  }
  std::error_code failed;
  if (fs::create_directories(base, failed)) fs::permissions(base, fs::perms::owner_all, failed);
  if (failed) return fail(errc::io, "cannot make " + directory + ": " + failed.message());
  std::vector<std::string> written;
  const auto certificate = base / authority_file;
  const auto key = base / authority_key_file;
  if (!fs::exists(certificate) && !fs::exists(key)) {
    auto made = make_certificate("interswarm authority", nullptr);
    if (!made) return tl::unexpected(made.error());
    if (auto saved = save(*made, certificate, key); !saved) return tl::unexpected(saved.error());
    written.insert(written.end(), {certificate.string(), key.string()});
  }
  const auto authority = load_authority(certificate, key);
  if (!authority) return tl::unexpected(authority.error());
  for (const auto& name : names) {
    auto made = make_certificate(name, &*authority);
    if (!made) return tl::unexpected(made.error());
    const auto pem = base / (name + ".pem");
    const auto private_key = base / (name + ".key");
    if (auto saved = save(*made, pem, private_key); !saved) return tl::unexpected(saved.error());
    written.insert(written.end(), {pem.string(), private_key.string()});
  }
  return written;
}

} // namespace interswarm::runtime
