#include "schema/base/encoding.hpp"
#include "storage/content_hasher.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace interswarm {

namespace {

struct open_file {
  int fd;
  explicit open_file(int f) : fd(f) {}
  ~open_file() {
    if (fd >= 0) ::close(fd);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
};

tl::unexpected<error> system_error(const std::string& doing, const std::string& path) {
  const int number = errno;
  const auto code = number == ENOENT                      ? errc::not_found
                    : number == EACCES || number == EPERM ? errc::denied
                                                          : errc::io;
  return fail(code, "cannot " + doing + " " + printable(path) + ": " + std::strerror(number));
}

} // namespace

result<content_hashes> hash_file(const std::string& path, const hash_plan& plan, unsigned workers,
                                 const hash_progress& progress) {
  if (auto ok = content_hasher::check(plan); !ok) return tl::unexpected(ok.error());
  // Without O_NONBLOCK the open of a named pipe would wait for its writer.
  const open_file file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0) return system_error("open", path);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) return system_error("look at", path);
  if (!S_ISREG(info.st_mode))
    return fail(errc::malformed, printable(path) + " is not a regular file");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  ::posix_fadvise(file.fd, 0, 0, POSIX_FADV_SEQUENTIAL);

  content_hasher hasher(plan, workers);
  while (true) {
    const auto room = hasher.space();
    const auto got =
        ::pread(file.fd, room.data(), room.size(), static_cast<off_t>(hasher.pushed()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path);
    if (got == 0) break;
    hasher.commit(static_cast<std::size_t>(got));
    if (progress && !progress(hasher.pushed(), size)) return fail(errc::cancelled, "stopped");
  }
  struct stat now {};
  if (::fstat(file.fd, &now) != 0) return system_error("look at", path);
  const bool same_time =
      now.st_mtim.tv_sec == info.st_mtim.tv_sec && now.st_mtim.tv_nsec == info.st_mtim.tv_nsec;
  if (hasher.pushed() != size || now.st_size != info.st_size || !same_time) {
    return fail(errc::conflict,
                printable(path) + " changed while it was read; hash it again when it is complete");
  }
  return hasher.finish();
}

} // namespace interswarm
