#include "modes/compare/live/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace interswarm::compare {

std::shared_ptr<const mapped_file> mapped_file::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    if (fd >= 0) ::close(fd);
    return nullptr;
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) return nullptr;
  return std::shared_ptr<const mapped_file>(new mapped_file({static_cast<const byte*>(at), size}));
}

mapped_file::~mapped_file() { ::munmap(const_cast<byte*>(all_.data()), all_.size()); }

} // namespace interswarm::compare
