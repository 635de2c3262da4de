#include "modes/node_folder.hpp"

#include "schema/base/encoding.hpp"
#include "schema/base/hash.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

namespace interswarm {

namespace {

constexpr std::size_t seed_size = 32;

std::string why() { return std::strerror(errno); }

result<bytes> read_seed(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  in >> text;
  auto seed = from_hex(text);
  if (!seed || seed->size() != seed_size) {
    return fail(errc::malformed,
                file.string() + ": not a node's identity; restore it, or remove it for a new one");
  }
  return std::move(*seed);
}

result<bytes> make_seed(const std::filesystem::path& file) {
  bytes seed(seed_size);
  if (getrandom(seed.data(), seed.size(), 0) != static_cast<ssize_t>(seed.size())) {
    return fail(errc::io, "no random bytes: " + why());
  }
  // Under a name of its own first: a crash leaves either no identity or a whole one.
  const auto draft = file.string() + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fail(errc::io, draft + ": " + why());
  const auto text = to_hex(seed) + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(draft.c_str(), file.c_str()) != 0)
    return fail(errc::io, file.string() + ": " + why());
  return seed;
}

} // namespace

result<node_folder> node_folder::open(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return fail(errc::io, path.string() + ": cannot be made: " + failure.message());
  const auto lock = path / "lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(errc::io, lock.string() + ": " + why());
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return fail(errc::conflict,
                path.string() +
                    ": another node runs on this folder; stop it or set another [node] data");
  }
  const auto file = path / "identity";
  auto seed = std::filesystem::exists(file) ? read_seed(file) : make_seed(file);
  if (!seed) {
    ::close(fd);
    return tl::unexpected(seed.error());
  }
  return node_folder(path, fd, std::move(*seed));
}

node_folder::node_folder(std::filesystem::path path, int lock_fd, bytes seed)
    : path_(std::move(path)), lock_fd_(lock_fd), seed_(std::move(seed)) {}

node_folder::node_folder(node_folder&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(other.lock_fd_), seed_(std::move(other.seed_)) {
  other.lock_fd_ = -1;
}

node_folder::~node_folder() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

bytes node_folder::identity(const std::string& purpose, std::size_t count) const {
  auto input = seed_;
  append(input, as_bytes(purpose));
  const auto digest = sha256(input);
  return {digest.begin(),
          digest.begin() + static_cast<std::ptrdiff_t>(std::min(count, digest.size()))};
}

} // namespace interswarm
