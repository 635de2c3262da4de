#include "actors/overlays/bittorrent/sparse_file.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace interswarm::bittorrent {
namespace {

std::string reason() { return std::strerror(errno); }

} // namespace

result<std::shared_ptr<sparse_file>> sparse_file::create(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) { // not every file system knows O_TMPFILE
    auto pattern = directory + "/interswarm-spool-XXXXXX";
    fd = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(pattern.c_str());
  }
  if (fd < 0)
    return fail(errc::io, "cannot make a spool file in " + printable(directory) + ": " + reason());
  return std::shared_ptr<sparse_file>(new sparse_file(fd));
}

sparse_file::~sparse_file() { ::close(fd_); }

result<void> sparse_file::write(std::uint64_t offset, byte_view data) {
  while (!data.empty()) {
    const auto n = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(errc::io, "writing the spool file: " + reason());
    offset += static_cast<std::uint64_t>(n);
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

result<void> sparse_file::read(std::uint64_t offset, std::span<byte> out) const {
  while (!out.empty()) {
    const auto n = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errc::io, "reading the spool file: " + reason());
    if (n == 0) { // behind the last byte written
      std::fill(out.begin(), out.end(), byte{0});
      return {};
    }
    offset += static_cast<std::uint64_t>(n);
    out = out.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

} // namespace interswarm::bittorrent
