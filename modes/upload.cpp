#include "modes/upload.hpp"

#include "modes/print.hpp"
#include "modes/upload_identity.hpp"
#include "schema/base/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <iostream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace interswarm {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A storage chunk: one that comes whole is not copied.
constexpr std::uint64_t block_bytes = 4 << 20;
constexpr std::size_t blocks_in_flight = 4;
constexpr auto put_timeout = 600s;
constexpr std::uint32_t poll_ms = 1'000;
constexpr auto reconnect_for = 300s;
constexpr auto pause = 1s;

bool comes_back(const error& e) {
  return e.code == errc::disconnected || e.code == errc::timed_out || e.code == errc::unavailable ||
         e.code == errc::overloaded;
}

class open_file {
public:
  static result<open_file> open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return fail(errno == ENOENT ? errc::not_found : errc::io, path + ": " + std::strerror(errno));
    open_file out(path, fd);
    auto state = out.look();
    if (!state) return tl::unexpected(state.error());
    out.state_ = std::move(*state);
    return out;
  }
  open_file(open_file&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)),
        state_(std::move(other.state_)) {}
  open_file& operator=(open_file&&) = delete;
  ~open_file() {
    if (fd_ >= 0) ::close(fd_);
  }

  std::uint64_t size() const { return state_.size; }
  /// As it was when it was opened.
  const file_state& state() const { return state_; }
  /// Fails `conflict` when somebody has written to it since.
  result<void> unchanged() const {
    const auto now = look();
    if (!now) return tl::unexpected(now.error());
    if (now->size != state_.size || now->modified_ns != state_.modified_ns)
      return fail(errc::conflict, path_ + ": changed while it was read");
    return {};
  }
  result<slice> read(std::uint64_t offset) const {
    bytes out(std::min(block_bytes, size() - offset));
    std::size_t got = 0;
    while (got < out.size()) {
      const auto n =
          ::pread(fd_, out.data() + got, out.size() - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(errc::io, path_ + ": " + std::strerror(errno));
      if (n == 0) return fail(errc::conflict, path_ + ": became shorter while it was read");
      got += static_cast<std::size_t>(n);
    }
    return slice(std::move(out));
  }

private:
  open_file(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  result<file_state> look() const {
    struct stat s {};
    if (::fstat(fd_, &s) != 0) return fail(errc::io, path_ + ": " + std::strerror(errno));
    if (!S_ISREG(s.st_mode)) return fail(errc::malformed, path_ + ": no regular file");
    const auto ns = [](const timespec& t) {
      return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
    };
    file_state out;
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) == 0) out.host = host;
    out.device = s.st_dev;
    out.inode = s.st_ino;
    out.size = static_cast<std::uint64_t>(s.st_size);
    out.modified_ns = ns(s.st_mtim);
    out.changed_ns = ns(s.st_ctim);
    return out;
  }

  std::string path_;
  int fd_;
  file_state state_;
};

class progress_shown {
public:
  explicit progress_shown(std::string what)
      : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) != 0) {}
  ~progress_shown() {
    if (shown_) std::cerr << "\n";
  }
  /// One line that stays.
  void say(const std::string& text) {
    if (std::exchange(shown_, false)) std::cerr << "\n";
    std::cerr << printable(what_) << ": " << text << "\n";
  }
  void show(const msg::publish_state& s) {
    if (!terminal_) return;
    shown_ = true;
    std::cerr << "\r\x1b[K" << what_ << ": " << human_bytes(s.stored_bytes) << " stored";
    if (s.total_bytes != msg::unknown_size && s.total_bytes > 0)
      std::cerr << " of " << human_bytes(s.total_bytes) << " ("
                << s.stored_bytes * 100 / s.total_bytes << " %)";
    if (!s.note.empty()) std::cerr << "  " << s.note;
    std::cerr << std::flush;
  }

private:
  std::string what_;
  bool terminal_;
  bool shown_ = false;
};

/// Waits for the end of the work, good or bad.
result<msg::publish_state> follow(node_client& node, const msg::publishing_actor& work,
                                  progress_shown& shown) {
  for (;;) {
    auto news = node.ask<msg::publishing_progress_result>(
        work, msg::publishing_progress{~std::uint64_t{0}, poll_ms}, 90s);
    if (!news) return tl::unexpected(news.error());
    shown.show(news->progress);
    if (news->progress.finished) return std::move(news->progress);
  }
}

/// Work that ended with a failure is not tried again: only what breaks on the way to it is.
result<msg::publish_state> outcome_of(result<msg::publish_state> ended) {
  if (ended && !ended->failure.empty()) return tl::unexpected(parse_error(ended->failure));
  return ended;
}

/// One upload over as many connections as it takes.
class uploader {
public:
  uploader(const node_address& where, std::string tenant, const msg::publication& draft,
           const std::string& lease, const open_file& file)
      : where_(where), tenant_(std::move(tenant)), draft_(draft), file_(file), shown_(draft.title),
        identity_(upload_identity(file.state(), draft, lease)) {}

  result<msg::publish_state> run() {
    auto broken_at = clock::now();
    for (;;) {
      const auto before = sent_;
      auto outcome = attempt();
      if (outcome || !comes_back(outcome.error())) return outcome;
      const auto now = clock::now();
      // A connection that was never there is told at once.
      if (id_.empty() && outcome.error().code == errc::disconnected) return outcome;
      if (sent_ != before) broken_at = now;
      if (now - broken_at > reconnect_for) return outcome;
      std::this_thread::sleep_for(pause);
    }
  }

private:
  result<msg::publish_state> attempt() {
    auto node = node_client::connect_as_guest(where_);
    if (!node) return tl::unexpected(node.error());
    auto service = storage_service_of(**node, tenant_);
    if (!service) return tl::unexpected(service.error());
    auto upload = begin(**node, *service);
    if (!upload) return tl::unexpected(upload.error());
    auto work = (*node)->ask<msg::upload_publishing_result>(*upload, msg::upload_publishing{});
    if (!work) return tl::unexpected(work.error());
    const bool first = id_.empty();
    id_ = work->id;
    auto state =
        (*node)->ask<msg::publishing_progress_result>(work->work, msg::publishing_progress{0, 0});
    if (!state) return tl::unexpected(state.error());
    if (state->progress.finished) return std::move(state->progress);
    if (first && state->progress.done_bytes > 0)
      shown_.say("goes on where it was, at " + human_bytes(state->progress.done_bytes) + " of " +
                 human_bytes(file_.size()));
    if (auto sent = send_from(**node, *upload, work->work, state->progress.done_bytes); !sent)
      return sent_or_ended(**node, work->work, sent.error());
    return follow(**node, work->work, shown_);
  }

  /// A block that was refused because the work has failed: that failure counts.
  static result<msg::publish_state>
  sent_or_ended(node_client& node, const msg::publishing_actor& work, const error& why) {
    auto state =
        node.ask<msg::publishing_progress_result>(work, msg::publishing_progress{0, 0}, 10s);
    if (state && state->progress.finished) return std::move(state->progress);
    return tl::unexpected(why);
  }

  result<msg::upload_actor> begin(node_client& node, const msg::storage_service_actor& service) {
    if (!id_.empty()) {
      auto again =
          node.ask<msg::storage_service_resume_result>(service, msg::storage_service_resume{id_});
      if (again) return again->upload;
      if (again.error().code != errc::not_found) return tl::unexpected(again.error());
      shown_.say("the service node has lost this upload, as it was started anew; it begins again");
    }
    auto made = node.ask<msg::storage_service_publish_result>(
        service, msg::storage_service_publish{draft_, file_.size(), identity_});
    if (!made) return tl::unexpected(made.error());
    return made->upload;
  }

  result<void> send_from(node_client& node, const msg::upload_actor& upload,
                         const msg::publishing_actor& work, std::uint64_t begin) {
    auto& self = node.self();
    const auto put = [&](std::uint64_t offset, slice data) {
      return self->request(upload, put_timeout, msg::upload_put{offset, std::move(data)});
    };
    std::deque<decltype(put(0, slice{}))> waiting;
    result<void> outcome;
    auto next = begin;
    auto shown_at = clock::now();
    while (outcome && (next < file_.size() || !waiting.empty())) {
      while (next < file_.size() && waiting.size() < blocks_in_flight) {
        auto block = file_.read(next);
        if (!block) return tl::unexpected(block.error());
        const auto size = block->size();
        waiting.push_back(put(next, std::move(*block)));
        next += size;
      }
      auto handle = std::move(waiting.front());
      waiting.pop_front();
      handle.receive([] {},
                     [&](caf::error& why) { outcome = tl::unexpected(runtime::to_error(why)); });
      if (outcome) ++sent_;
      if (outcome && clock::now() - shown_at > 1s) {
        shown_at = clock::now();
        if (auto s =
                node.ask<msg::publishing_progress_result>(work, msg::publishing_progress{0, 0}))
          shown_.show(s->progress);
      }
    }
    if (!outcome) return outcome;
    if (auto same = file_.unchanged(); !same) {
      (void)node.ask_done(work, msg::publishing_cancel{});
      return same;
    }
    return node.ask_done(upload, msg::upload_finish{file_.size()});
  }

  node_address where_;
  std::string tenant_;
  msg::publication draft_;
  const open_file& file_;
  progress_shown shown_;
  /// Of the file, and of its upload once it has begun.
  slice identity_;
  slice id_;
  /// Blocks that were taken, over all connections.
  std::uint64_t sent_ = 0;
};

} // namespace

result<msg::storage_service_actor> storage_service_of(node_client& client,
                                                      const std::string& tenant) {
  auto service = client.ask<msg::session_storage_service_result>(
      client.session(), msg::session_storage_service{tenant});
  if (!service) return tl::unexpected(service.error());
  return service->service;
}

result<msg::publish_state> upload_file(const node_address& where, const std::string& tenant,
                                       const msg::publication& draft, const std::string& lease,
                                       const std::string& path) {
  const auto file = open_file::open(path);
  if (!file) return tl::unexpected(file.error());
  return outcome_of(uploader(where, tenant, draft, lease, *file).run());
}

result<msg::publish_state> pull_content(const node_address& where, const std::string& tenant,
                                        const msg::publication& draft,
                                        const std::vector<std::string>& urls,
                                        const std::vector<msg::property>& headers) {
  auto node = node_client::connect_as_guest(where);
  if (!node) return tl::unexpected(node.error());
  auto service = storage_service_of(**node, tenant);
  if (!service) return tl::unexpected(service.error());
  auto work = (*node)->ask<msg::storage_service_pull_result>(
      *service, msg::storage_service_pull{draft, urls, headers});
  if (!work) return tl::unexpected(work.error());
  progress_shown shown(urls.front());
  return outcome_of(follow(**node, work->work, shown));
}

} // namespace interswarm
