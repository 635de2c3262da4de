#include "storage/block_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace interswarm {

namespace {

tl::unexpected<error> io_error(const std::string& what) {
  return fail(errc::io, what + ": " + std::strerror(errno));
}

} // namespace

block_file::~block_file() {
  if (fd_ >= 0) ::close(fd_);
}

result<void> block_file::open(const std::string& dir) {
  fd_ = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ >= 0) return {};
  // Not every file system has nameless files.
  auto path = dir + "/interswarm-XXXXXX";
  fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return io_error("no spool file in " + dir);
  ::unlink(path.c_str());
  return {};
}

result<void> block_file::write(std::uint64_t offset, byte_view data) {
  while (!data.empty()) {
    const auto count = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("cannot write the spool file");
    data = data.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

result<bytes> block_file::read(const byte_range& range) const {
  bytes out(range.size());
  for (std::size_t at = 0; at < out.size();) {
    const auto count =
        ::pread(fd_, out.data() + at, out.size() - at, static_cast<off_t>(range.begin + at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("cannot read the spool file");
    at += static_cast<std::size_t>(count);
  }
  return out;
}

} // namespace interswarm
