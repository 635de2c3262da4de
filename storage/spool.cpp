#include "storage/spool.hpp"

#include "schema/base/encoding.hpp"
#include "schema/base/hash.hpp"
#include "storage/limits.hpp"
#include "storage/spool_file_state.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace interswarm {

tl::unexpected<error> spool_error(const std::string& doing, const std::string& folder) {
  const int number = errno;
  const auto code = number == EACCES || number == EPERM ? errc::denied : errc::io;
  const auto* hint =
      number == ENOSPC || number == EDQUOT ? "; free some space or lower the spool's quota" : "";
  return fail(code, "cannot " + doing + " the spool " + printable(folder) + ": " +
                        std::strerror(number) + hint);
}

namespace {

constexpr std::size_t id_chars = 32;

std::string id_of(byte_view key) { return to_hex(sha256(key)).substr(0, id_chars); }

/// The id of a file name of ours, or nothing.
std::string id_in(const std::string& name, const std::string& ending) {
  if (name.size() != id_chars + ending.size() || !name.ends_with(ending)) return {};
  auto id = name.substr(0, id_chars);
  const bool hex = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  return hex ? id : std::string();
}

} // namespace

result<std::unique_ptr<spool>> spool::open(const std::string& folder, std::uint64_t quota_bytes,
                                           std::size_t max_files) {
  auto s = std::make_shared<spool_folder>();
  s->folder = folder;
  s->quota = quota_bytes;
  s->max_files = max_files;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return spool_error("make", folder);
  s->folder_fd = owned_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!s->folder_fd) return spool_error("open", folder);
  s->lock_fd = owned_fd(
      ::openat(s->folder_fd.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!s->lock_fd) return spool_error("lock", folder);
  if (::flock(s->lock_fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(errc::unavailable,
                "another process uses the spool " + printable(folder) + "; give this one its own");
  }
  if (auto ok = s->scan(); !ok) return tl::unexpected(ok.error());
  return std::unique_ptr<spool>(new spool(std::move(s)));
}

spool::spool(std::shared_ptr<spool_folder> s) : state_(std::move(s)) {}
spool::~spool() = default;

result<void> spool_folder::scan() {
  // A descriptor of its own: closedir() closes it.
  DIR* const listing =
      ::fdopendir(::openat(folder_fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (listing == nullptr) return spool_error("list", folder);
  struct found {
    std::string id;
    timespec used_at;
    std::uint64_t bytes;
  };
  std::vector<found> all;
  std::vector<std::string> orphans;
  while (const auto* item = ::readdir(listing)) {
    const std::string name = item->d_name;
    if (name.ends_with(".new") && !id_in(name, ".new").empty()) orphans.push_back(name);
    if (const auto id = id_in(name, ".data"); !id.empty()) {
      if (::faccessat(folder_fd.get(), (id + ".map").c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        orphans.push_back(name);
    }
    const auto id = id_in(name, ".map");
    if (id.empty()) continue;
    const auto journal = read_journal(*this, id);
    struct stat info {};
    if (!journal || ::fstatat(folder_fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      orphans.push_back(name);
      orphans.push_back(id + ".data");
      continue;
    }
    all.push_back({id, info.st_mtim, journal->written.bytes()});
  }
  ::closedir(listing);
  for (const auto& name : orphans) ::unlinkat(folder_fd.get(), name.c_str(), 0);
  std::sort(all.begin(), all.end(), [](const found& a, const found& b) {
    return std::tie(a.used_at.tv_sec, a.used_at.tv_nsec) <
           std::tie(b.used_at.tv_sec, b.used_at.tv_nsec);
  });
  for (const auto& f : all) {
    entries[f.id] = {f.bytes, ++uses, false, {}};
    used += f.bytes;
  }
  // A smaller quota than last time takes effect at once.
  while (used > quota && evict_one({})) {
  }
  return {};
}

bool spool_folder::evict_one(const std::string& but) {
  auto oldest = entries.end();
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    if (at->first == but || at->second.in_use) continue;
    if (oldest == entries.end() || at->second.last_use < oldest->second.last_use) oldest = at;
  }
  if (oldest == entries.end()) return false;
  erase(std::string(oldest->first));
  return true;
}

void spool_folder::erase(const std::string& id) {
  const auto at = entries.find(id);
  if (at == entries.end()) return;
  // The journal first: data without a journal is an orphan, a journal without data would be a lie.
  ::unlinkat(folder_fd.get(), (id + ".map").c_str(), 0);
  ::unlinkat(folder_fd.get(), (id + ".data").c_str(), 0);
  used -= at->second.used;
  entries.erase(at);
}

result<void> spool_folder::reserve(const std::string& id, std::uint64_t count) {
  const std::lock_guard lock(mutex);
  while (used + count > quota) {
    if (evict_one(id)) continue;
    return fail(errc::overloaded, "the spool " + printable(folder) + " is full (" +
                                      std::to_string(quota) +
                                      " bytes) and all its files are in use; raise its quota");
  }
  used += count;
  auto& e = entries[id];
  e.used += count;
  e.last_use = ++uses;
  return {};
}

void spool_folder::close(const std::string& id) {
  const std::lock_guard lock(mutex);
  entries[id].in_use = false;
  closed.notify_all();
}

void spool_folder::release(const std::string& id, std::uint64_t count) {
  const std::lock_guard lock(mutex);
  used -= count;
  entries[id].used -= count;
}

result<std::shared_ptr<spool_file>> spool::file(byte_view key, std::uint64_t content_size) {
  if (key.empty() || key.size() > limits::spool_key_bytes)
    return fail(errc::too_large, "a spool key of that length");
  if (content_size > limits::content_bytes)
    return fail(errc::too_large, "a content beyond 2^60 bytes");
  const auto id = id_of(key);
  std::shared_ptr<spool_file> open; // outlives the lock, which its end may need
  std::unique_lock lock(state_->mutex);
  for (auto at = state_->entries.find(id); at != state_->entries.end();
       at = state_->entries.find(id)) {
    open = at->second.open.lock();
    if (open && open->content_size() != content_size) {
      return fail(errc::conflict, "the spool has this content with " +
                                      std::to_string(open->content_size()) + " bytes");
    }
    if (open) return open;
    if (!at->second.in_use) break;
    // Its last user just left and it is still being written out.
    state_->closed.wait(lock);
  }
  if (!state_->entries.contains(id)) {
    while (state_->entries.size() >= state_->max_files && state_->evict_one({})) {
    }
    if (state_->entries.size() >= state_->max_files)
      return fail(errc::too_large, "too many files in the spool");
  }
  auto opened = open_spool_file(state_, id, key, content_size);
  if (!opened) return tl::unexpected(opened.error());
  auto out = std::shared_ptr<spool_file>(new spool_file(std::move(*opened)));
  auto& e = state_->entries[id];
  e.open = out;
  e.in_use = true;
  e.last_use = ++state_->uses;
  return out;
}

result<void> spool::remove(byte_view key) {
  const auto id = id_of(key);
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->entries.find(id);
  if (at == state_->entries.end()) return {};
  if (at->second.in_use) return fail(errc::unavailable, "the spool file is in use");
  state_->erase(id);
  return {};
}

std::uint64_t spool::used_bytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->used;
}
std::uint64_t spool::quota_bytes() const { return state_->quota; }
std::size_t spool::count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->entries.size();
}

} // namespace interswarm
