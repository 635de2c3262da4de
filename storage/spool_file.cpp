#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"
#include "storage/spool_file_state.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace interswarm {

namespace {

constexpr int open_flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;

bytes records(spool_journal::action a, const range_set& ranges) {
  bytes out;
  for (const auto r : ranges) append(out, spool_journal::encode(a, r));
  return out;
}

std::uint64_t end_of(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

} // namespace

result<spool_journal::contents> read_journal(const spool_folder& folder, const std::string& id) {
  const owned_fd fd(::openat(folder.folder_fd.get(), (id + ".map").c_str(), open_flags));
  if (!fd) return spool_error("open", folder.folder);
  const auto size = end_of(fd.get());
  if (size > limits::spool_journal_bytes)
    return fail(errc::too_large, "a spool journal that is too long");
  bytes raw(size);
  if (read_all(fd.get(), raw, 0) != size) return spool_error("read", folder.folder);
  auto decoded = spool_journal::decode(raw);
  if (!decoded) return fail(errc::malformed, decoded.error().text);
  if (decoded->valid_bytes != size &&
      ::ftruncate(fd.get(), static_cast<off_t>(decoded->valid_bytes)) != 0) {
    return spool_error("mend", folder.folder);
  }
  return std::move(*decoded);
}

result<std::unique_ptr<spool_file_state>>
open_spool_file(const std::shared_ptr<spool_folder>& folder, const std::string& id, byte_view key,
                std::uint64_t content_size) {
  auto s = std::make_unique<spool_file_state>();
  s->folder = folder;
  s->id = id;
  s->content_size = content_size;
  const int at = folder->folder_fd.get();
  const auto map = id + ".map";
  if (folder->entries.contains(id)) {
    auto known = read_journal(*folder, id);
    if (!known) return tl::unexpected(known.error());
    if (known->head.content_size != content_size || !equal(known->head.key, key)) {
      return fail(errc::conflict, "the spool has this content with " +
                                      std::to_string(known->head.content_size) + " bytes");
    }
    s->written = std::move(known->written);
    s->verified = std::move(known->verified);
  }
  s->data = owned_fd(::openat(at, (id + ".data").c_str(), open_flags | O_CREAT, 0600));
  if (!s->data) return spool_error("open a file in", folder->folder);
  s->journal = owned_fd(::openat(at, map.c_str(), open_flags | O_CREAT | O_APPEND, 0600));
  if (!s->journal) return spool_error("open a file in", folder->folder);
  if (!folder->entries.contains(id)) {
    const auto head = spool_journal::encode({content_size, {key.begin(), key.end()}});
    const bool fresh = ::ftruncate(s->journal.get(), 0) == 0 && ::ftruncate(s->data.get(), 0) == 0;
    if (!fresh || !write_all(s->journal.get(), head, 0) || ::fdatasync(s->journal.get()) != 0) {
      const auto failure = spool_error("write to", folder->folder);
      ::unlinkat(at, map.c_str(), 0);
      ::unlinkat(at, (id + ".data").c_str(), 0);
      return failure;
    }
  }
  // The journal's time is when the file was last used, for the next process.
  ::futimens(s->journal.get(), nullptr);
  return s;
}

spool_file::spool_file(std::unique_ptr<spool_file_state> s) : state_(std::move(s)) {}

spool_file::~spool_file() {
  // What cannot be confirmed is fetched again another time.
  static_cast<void>(sync());
  state_->folder->close(state_->id);
}

std::uint64_t spool_file::content_size() const { return state_->content_size; }

range_set spool_file::written() const {
  const std::lock_guard lock(state_->mutex);
  return state_->written;
}

range_set spool_file::verified() const {
  const std::lock_guard lock(state_->mutex);
  return state_->verified;
}

result<void> spool_file::write(std::uint64_t offset, byte_view data) {
  auto& s = *state_;
  if (offset > s.content_size || data.size() > s.content_size - offset) {
    return fail(errc::malformed, "bytes beyond the content's end");
  }
  const byte_range all{offset, offset + data.size()};
  bool sync_now = false;
  {
    const std::shared_lock io(s.io);
    range_set fresh;
    std::uint64_t more = 0;
    {
      const std::lock_guard lock(s.mutex);
      fresh = s.verified.missing(all);
      more = s.written.missing(all).bytes();
      if (s.written.count() >= limits::spool_ranges)
        return fail(errc::too_large, "a spool file in too many pieces");
    }
    if (auto ok = s.folder->reserve(s.id, more); !ok) return ok;
    for (const auto r : fresh) {
      if (write_all(s.data.get(), data.subspan(r.begin - offset, r.size()), r.begin)) continue;
      const auto failure = spool_error("write to", s.folder->folder);
      s.folder->release(s.id, more);
      return failure;
    }
    const std::lock_guard lock(s.mutex);
    // Two writers of the same bytes both reserved for them.
    const auto added = s.written.missing(all).bytes();
    if (added < more) s.folder->release(s.id, more - added);
    s.written.add(all);
    s.unsynced_written.add(fresh);
    s.unsynced_bytes += data.size();
    sync_now = s.unsynced_bytes >= limits::spool_sync_bytes;
  }
  return sync_now ? sync() : result<void>{};
}

result<void> spool_file::mark_verified(byte_range r) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->written.contains(r))
    return fail(errc::malformed, "only what is written can be verified");
  state_->verified.add(r);
  state_->unsynced_verified.add(r);
  return {};
}

result<bytes> spool_file::read(byte_range r) const {
  const std::shared_lock io(state_->io);
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->written.contains(r))
      return fail(errc::not_found, "these bytes are not in the spool");
  }
  if (r.size() > limits::spool_read_bytes)
    return fail(errc::too_large, "a read of too many bytes at once");
  bytes out(r.size());
  if (read_all(state_->data.get(), out, r.begin) != out.size())
    return spool_error("read from", state_->folder->folder);
  return out;
}

result<void> spool_file_state::append(byte_view raw) {
  if (raw.empty()) return {};
  const auto end = end_of(journal.get());
  if (write_all(journal.get(), raw, end)) {
    journal_records += raw.size() / 24;
    return {};
  }
  const auto failure = spool_error("write to", folder->folder);
  // Half a record would hide all that are appended later.
  if (::ftruncate(journal.get(), static_cast<off_t>(end)) != 0) return failure;
  return failure;
}

result<void> spool_file::sync() {
  auto& s = *state_;
  const std::lock_guard one(s.syncing);
  range_set now_written, now_verified;
  {
    const std::lock_guard lock(s.mutex);
    std::swap(now_written, s.unsynced_written);
    std::swap(now_verified, s.unsynced_verified);
    s.unsynced_bytes = 0;
  }
  if (now_written.empty() && now_verified.empty()) return {};
  if (!now_written.empty() && ::fdatasync(s.data.get()) != 0) {
    const auto failure = spool_error("write to", s.folder->folder);
    // The kernel may have thrown these pages away: they are not ours any more.
    const std::lock_guard lock(s.mutex);
    const auto before = s.written.bytes();
    s.written.subtract(now_written);
    s.verified.subtract(now_written);
    s.folder->release(s.id, before - s.written.bytes());
    return failure;
  }
  auto raw = records(spool_journal::action::written, now_written);
  interswarm::append(raw, records(spool_journal::action::verified, now_verified));
  auto ok = s.append(raw);
  if (!ok) {
    // Still true in memory; the next sync tries again.
    const std::lock_guard lock(s.mutex);
    s.unsynced_written.add(now_written);
    s.unsynced_verified.add(now_verified);
    return ok;
  }
  if (::fdatasync(s.journal.get()) != 0) return spool_error("write to", s.folder->folder);
  return s.journal_records > limits::spool_compact_records ? s.compact() : result<void>{};
}

result<void> spool_file_state::compact() {
  bytes head(limits::spool_key_bytes + 64);
  head.resize(read_all(journal.get(), head, 0));
  const auto decoded = spool_journal::decode(head);
  if (!decoded) return fail(errc::io, "the journal of a spool file is damaged");
  auto raw = spool_journal::encode(decoded->head);
  {
    const std::lock_guard lock(mutex);
    auto sure_written = written, sure_verified = verified;
    sure_written.subtract(unsynced_written);
    sure_verified.subtract(unsynced_verified);
    interswarm::append(raw, records(spool_journal::action::written, sure_written));
    interswarm::append(raw, records(spool_journal::action::verified, sure_verified));
    journal_records = sure_written.count() + sure_verified.count();
  }
  const int at = folder->folder_fd.get();
  const auto fresh_name = id + ".new";
  owned_fd fresh(::openat(at, fresh_name.c_str(), open_flags | O_CREAT | O_TRUNC | O_APPEND, 0600));
  // Renamed only when it is whole on the disk: at every moment one of the two journals is there.
  if (!fresh || !write_all(fresh.get(), raw, 0) || ::fdatasync(fresh.get()) != 0 ||
      ::renameat(at, fresh_name.c_str(), at, (id + ".map").c_str()) != 0) {
    const auto failure = spool_error("write to", folder->folder);
    ::unlinkat(at, fresh_name.c_str(), 0);
    return failure;
  }
  journal = std::move(fresh);
  return {};
}

result<void> spool_file::drop(byte_range r) {
  auto& s = *state_;
  const std::unique_lock io(s.io);
  const std::lock_guard one(s.syncing);
  range_set gone;
  {
    const std::lock_guard lock(s.mutex);
    gone = s.written.intersect(r);
  }
  if (gone.empty()) return {};
  // Told before it happens: a journal must never promise bytes that were punched out.
  if (auto ok = s.append(records(spool_journal::action::dropped, gone)); !ok) return ok;
  if (::fdatasync(s.journal.get()) != 0) return spool_error("write to", s.folder->folder);
  {
    const std::lock_guard lock(s.mutex);
    for (auto* set : {&s.written, &s.verified, &s.unsynced_written, &s.unsynced_verified})
      set->subtract(gone);
  }
  s.folder->release(s.id, gone.bytes());
  for (const auto g : gone) {
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    // A file system without holes keeps the room until the file goes.
    if (::fallocate(s.data.get(), mode, static_cast<off_t>(g.begin),
                    static_cast<off_t>(g.size())) != 0 &&
        errno != EOPNOTSUPP) {
      return spool_error("free room in", s.folder->folder);
    }
  }
  return {};
}

} // namespace interswarm
