#include "schema/base/encoding.hpp"
#include "storage/chunk_backend.hpp"
#include "storage/files.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace interswarm {

namespace {

constexpr std::size_t folders = 256;

/// "cannot write to the chunk folder /srv/x: No space left on device", from errno.
tl::unexpected<error> folder_error(const std::string& doing, const std::string& folder) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT;
  const auto code = number == EACCES || number == EPERM ? errc::denied
                    : full                              ? errc::no_room
                                                        : errc::io;
  return fail(code, "cannot " + doing + " the chunk folder " + printable(folder) + ": " +
                        std::strerror(number) + (full ? "; free some space or add a node" : ""));
}

std::string folder_name(std::size_t i) {
  const auto first = static_cast<byte>(i);
  return to_hex(byte_view(&first, 1));
}

/// Calls `f` with each name in the folder. False with errno set when it cannot be listed.
template <class F>
bool list(int folder_fd, F f) {
  // A descriptor of its own: closedir() closes it.
  const int fd = ::openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = fd < 0 ? nullptr : ::fdopendir(fd);
  if (listing == nullptr) {
    if (fd >= 0) ::close(fd);
    return false;
  }
  while (const auto* item = ::readdir(listing)) f(std::string_view(item->d_name));
  ::closedir(listing);
  return true;
}

class chunk_folder final : public chunk_backend {
public:
  chunk_folder(std::string folder, durability d) : folder_(std::move(folder)), durability_(d) {}

  result<void> open() {
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return failed("make");
    const owned_fd root(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) return failed("open");
    lock_ = owned_fd(::openat(root.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock_) return failed("lock");
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      return fail(errc::unavailable, "another process uses the chunk folder " + printable(folder_) +
                                         "; give this one its own");
    }
    if (!open_below(root.get(), "new", fresh_)) return failed("make a folder in");
    for (std::size_t i = 0; i < folders; ++i) {
      if (!open_below(root.get(), folder_name(i), kept_[i])) return failed("make a folder in");
    }
    if (durability_ == durability::synced && ::fsync(root.get()) != 0) return failed("write to");
    const bool listed = list(fresh_.get(), [this](std::string_view name) {
      if (!name.starts_with('.')) ::unlinkat(fresh_.get(), std::string(name).c_str(), 0);
    });
    return listed ? result<void>{} : failed("list");
  }

  result<void> write(const chunk_name& name, std::span<const byte_view> image) override {
    const auto draft = to_hex(name) + "." + std::to_string(next_draft_++);
    auto written = write_draft(draft, image);
    const int into = kept_[name[0]].get();
    if (written && ::renameat(fresh_.get(), draft.c_str(), into, to_hex(name).c_str()) != 0)
      written = failed("write to");
    if (!written) {
      ::unlinkat(fresh_.get(), draft.c_str(), 0);
      return written;
    }
    if (durability_ == durability::synced && ::fsync(into) != 0) return failed("write to");
    return {};
  }

  result<slice> read(const chunk_name& name, std::uint64_t offset,
                     std::size_t count) const override {
    const owned_fd fd(
        ::openat(kept_[name[0]].get(), to_hex(name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) return fail(errc::not_found, "this chunk is not stored here");
    if (!fd) return failed("read from");
    errno = 0;
    auto out = slice::filled(
        count, [&](std::span<byte> room) { return read_all(fd.get(), room, offset); });
    if (out.size() < count && errno != 0) return failed("read from");
    return out;
  }

  result<void> erase(const chunk_name& name) override {
    if (::unlinkat(kept_[name[0]].get(), to_hex(name).c_str(), 0) != 0 && errno != ENOENT)
      return failed("remove from");
    return {};
  }

  result<void>
  each(const std::function<void(const chunk_name&, std::uint64_t)>& visit) const override {
    for (const auto& below : kept_) {
      const bool listed = list(below.get(), [&](std::string_view file) {
        const auto raw = from_hex(file);
        struct stat info {};
        chunk_name name;
        if (!raw || raw->size() != name.size() ||
            ::fstatat(below.get(), std::string(file).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
          return;
        std::copy(raw->begin(), raw->end(), name.begin());
        visit(name, static_cast<std::uint64_t>(info.st_size));
      });
      if (!listed) return failed("list");
    }
    return {};
  }

  result<std::uint64_t> room() const override {
    struct statvfs info {};
    if (::fstatvfs(fresh_.get(), &info) != 0) return failed("ask for the room of");
    return std::uint64_t{info.f_bavail} * info.f_frsize;
  }

private:
  tl::unexpected<error> failed(const std::string& doing) const {
    return folder_error(doing, folder_);
  }

  static bool open_below(int root, const std::string& name, owned_fd& out) {
    if (::mkdirat(root, name.c_str(), 0700) != 0 && errno != EEXIST) return false;
    out = owned_fd(::openat(root, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return static_cast<bool>(out);
  }

  result<void> write_draft(const std::string& draft, std::span<const byte_view> image) const {
    const owned_fd fd(::openat(fresh_.get(), draft.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return failed("write to");
    std::uint64_t offset = 0;
    for (const auto part : image) {
      if (!write_all(fd.get(), part, offset)) return failed("write to");
      offset += part.size();
    }
    if (durability_ == durability::synced && ::fdatasync(fd.get()) != 0) return failed("write to");
    return {};
  }

  std::string folder_;
  durability durability_;
  owned_fd lock_;
  owned_fd fresh_;
  std::array<owned_fd, folders> kept_;
  std::atomic<std::uint64_t> next_draft_{0};
};

} // namespace

result<std::unique_ptr<chunk_backend>> open_chunk_folder(const std::string& folder, durability d) {
  auto out = std::make_unique<chunk_folder>(folder, d);
  if (auto ok = out->open(); !ok) return tl::unexpected(ok.error());
  return out;
}

} // namespace interswarm
