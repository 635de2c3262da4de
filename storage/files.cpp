#include "storage/files.hpp"

#include <cerrno>
#include <unistd.h>

namespace interswarm {

owned_fd::~owned_fd() {
  if (fd_ >= 0) ::close(fd_);
}

bool write_all(int fd, byte_view data, std::uint64_t offset) {
  while (!data.empty()) {
    const auto count = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return true;
}

std::size_t read_all(int fd, std::span<byte> out, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto count =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

} // namespace interswarm
