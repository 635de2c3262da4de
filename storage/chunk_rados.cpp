#include "storage/chunk_rados.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <rados/librados.h>
#include <random>
#include <thread>

namespace interswarm {

namespace {

using steady = std::chrono::steady_clock;

constexpr const char* lock_object = "lock";
constexpr const char* lock_name = "interswarm";
/// Who took the namespace last. The lock itself forgets its owner when it runs out.
constexpr const char* owner_attribute = "owner";

/// librados gives -errno.
errc code_of(int number) {
  switch (-number) {
  case ENOENT: return errc::not_found;
  case ENOSPC:
  case EDQUOT: return errc::no_room;
  case EACCES:
  case EPERM: return errc::denied;
  case ETIMEDOUT: return errc::timed_out;
  case EAGAIN:
  case EBUSY:
  case ENOTCONN:
  case ESHUTDOWN:
    return errc::unavailable; // what Ceph tells a client that was put on its blocklist
  default: return errc::io;
  }
}

std::string advice(errc code) {
  switch (code) {
  case errc::no_room: return "; add room to the pool or raise its quota, or add a node";
  case errc::denied: return "; check the user's keyring and capabilities";
  case errc::timed_out: return "; see `ceph health`";
  default: return "";
  }
}

std::string reason(int number) {
  return std::string(": ") + std::strerror(-number) + advice(code_of(number));
}

bool is_space(std::string_view text) {
  return !text.empty() && text.size() <= limits::rados_space_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string new_cookie() {
  std::random_device random;
  bytes raw(16);
  for (auto& b : raw) b = static_cast<byte>(random());
  return to_hex(raw);
}

std::optional<chunk_name> name_of(std::string_view object) {
  const auto raw = from_hex(object);
  chunk_name out;
  if (!raw || raw->size() != out.size()) return {};
  std::copy(raw->begin(), raw->end(), out.begin());
  // Another spelling would be another object.
  return to_hex(out) == object ? std::optional(out) : std::nullopt;
}

/// Of `ceph df --format json`.
std::optional<std::uint64_t> room_in(std::string_view answer, const std::string& pool) {
  try {
    const auto parsed = nlohmann::json::parse(answer);
    for (const auto& p : parsed.at("pools"))
      if (p.at("name") == pool) return p.at("stats").at("max_avail").get<std::uint64_t>();
  } catch (const nlohmann::json::exception&) {
  }
  return {};
}

/// The connection to the cluster, with a namespace of a pool.
class rados_space {
public:
  ~rados_space() {
    if (io_ != nullptr) ::rados_ioctx_destroy(io_);
    if (cluster_ != nullptr) ::rados_shutdown(cluster_);
  }
  rados_space() = default;
  rados_space(const rados_space&) = delete;
  rados_space& operator=(const rados_space&) = delete;

  result<void> open(const rados_options& o) {
    name_ = "namespace " + o.space + " of the RADOS pool " + printable(o.pool);
    if (const int made = ::rados_create(&cluster_, o.user.c_str()); made < 0)
      return fail(errc::io, "cannot use librados" + reason(made));
    const auto* const file = o.config_file.empty() ? nullptr : o.config_file.c_str();
    if (const int read = ::rados_conf_read_file(cluster_, file); read < 0)
      return fail(errc::configuration,
                  "cannot read the Ceph configuration " +
                      (file ? printable(o.config_file) : std::string("in /etc/ceph")) +
                      reason(read));
    if (const int set = configure(o); set < 0)
      return fail(errc::configuration, "cannot set the limits of Ceph's client" + reason(set));
    if (const int connected = ::rados_connect(cluster_); connected < 0)
      return refused(o, connected);
    if (const int opened = ::rados_ioctx_create(cluster_, o.pool.c_str(), &io_); opened < 0) {
      if (opened != -ENOENT) return failed("open", opened);
      return fail(errc::configuration, "there is no RADOS pool " + printable(o.pool) +
                                           "; make it with `ceph osd pool create`");
    }
    ::rados_ioctx_set_namespace(io_, o.space.c_str());
    // A full pool answers instead of holding a write back until it has room again.
    ::rados_set_pool_full_try(io_);
    return {};
  }

  /// What the pool's rules of copies and fullness leave. A pool's own quota is not in it.
  result<std::uint64_t> room() const {
    const char* question = R"({"prefix": "df", "format": "json"})";
    char* said = nullptr;
    std::size_t length = 0;
    const int asked =
        ::rados_mon_command(cluster_, &question, 1, nullptr, 0, &said, &length, nullptr, nullptr);
    const std::unique_ptr<char, void (*)(char*)> owner(said, ::rados_buffer_free);
    if (asked < 0) return failed("ask for the room of", asked);
    std::string pool(256, '\0');
    if (const int named = ::rados_ioctx_get_pool_name(io_, pool.data(), 256); named < 0)
      return failed("ask for the name of", named);
    if (const auto found = room_in(std::string_view(said, length), pool.c_str())) return *found;
    return fail(errc::malformed, "the monitors do not tell the room of " + name_);
  }

  rados_ioctx_t io() const { return io_; }
  const std::string& name() const { return name_; }
  tl::unexpected<error> failed(const std::string& doing, int number) const {
    return fail(code_of(number), "cannot " + doing + " " + name_ + reason(number));
  }

private:
  int configure(const rados_options& o) {
    const auto operation = std::to_string(o.operation_limit.count());
    const auto connect = std::to_string(o.connect_limit.count());
    const auto ask = std::to_string(std::max<std::int64_t>(1, o.operation_limit.count() / 4));
    const std::pair<const char*, std::string> settings[]{
        // Without these a call waits for a cluster that is down for as long as it is down.
        {"rados_osd_op_timeout", operation},
        {"rados_mon_op_timeout", operation},
        {"client_mount_timeout", connect},
        // A client asks where an OSD went when it had no answer for this long. By default that is
        // 10 s, which calls with a shorter limit never live to see.
        {"objecter_timeout", ask},
        {"objecter_tick_interval", ask},
        // Errors are values here; librados would write them to our terminal as well.
        {"log_to_stderr", "false"},
        {"err_to_stderr", "false"}};
    for (const auto& [key, value] : settings)
      if (const int set = ::rados_conf_set(cluster_, key, value.c_str()); set < 0) return set;
    return 0;
  }

  /// The monitors' answers to a stranger.
  static tl::unexpected<error> refused(const rados_options& o, int number) {
    const auto who = "cannot log in to the Ceph cluster as client." + printable(o.user);
    if (number == -ENOENT || number == -EOPNOTSUPP)
      return fail(errc::denied, who + reason(-EACCES));
    return fail(code_of(number), who + reason(number));
  }

  rados_t cluster_ = nullptr;
  rados_ioctx_t io_ = nullptr;
  std::string name_;
};

/// The lock that makes a namespace ours.
class rados_lease {
public:
  rados_lease(const rados_space& space, const rados_options& o)
      : space_(space), operation_limit_(o.operation_limit), length_(o.lease()) {}
  ~rados_lease() {
    renewer_.request_stop();
    if (renewer_.joinable()) renewer_.join();
    // Not with a cluster that is down: it would only cost the limit.
    if (writable()) ::rados_unlock(space_.io(), lock_object, lock_name, cookie_.c_str());
  }
  rados_lease(const rados_lease&) = delete;
  rados_lease& operator=(const rados_lease&) = delete;

  result<void> take() {
    const auto patience = steady::now() + length_ + std::chrono::seconds(1);
    auto asked = steady::now();
    int taken = lock();
    while (taken == -EBUSY && steady::now() < patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
      asked = steady::now();
      taken = lock();
    }
    if (taken == -EBUSY)
      return fail(errc::unavailable,
                  "another process uses " + space_.name() + "; give this one its own");
    if (taken < 0) return space_.failed("lock", taken);
    until_ = asked + length_;
    if (const int set = ::rados_setxattr(space_.io(), lock_object, owner_attribute, cookie_.data(),
                                         cookie_.size());
        set < 0)
      return space_.failed("lock", set);
    renewer_ = std::jthread([this](const std::stop_token& stop) { renew(stop); });
    return {};
  }

  /// Whether a write that begins now ends before another process can have the lock.
  bool writable() const { return !lost_ && steady::now() + operation_limit_ <= until_.load(); }

  tl::unexpected<error> not_writable() const {
    if (lost_)
      return fail(errc::unavailable,
                  "another process took " + space_.name() + "; restart this node");
    return fail(errc::unavailable, "cannot renew the lock of " + space_.name() +
                                       "; writes go on when the cluster answers again");
  }

private:
  int lock() {
    timeval duration{static_cast<time_t>(length_.count()), 0};
    return ::rados_lock_exclusive(space_.io(), lock_object, lock_name, cookie_.c_str(),
                                  "a storage node's", &duration, LIBRADOS_LOCK_FLAG_MAY_RENEW);
  }

  /// A lock that ran out can be taken again, but not behind the back of somebody who had it since.
  /// 0, or -EBUSY then, or another -errno.
  int check_owner() const {
    std::string found(cookie_.size(), '\0');
    const int length =
        ::rados_getxattr(space_.io(), lock_object, owner_attribute, found.data(), found.size());
    if (length < 0) return length == -ENODATA || length == -ERANGE ? -EBUSY : length;
    return static_cast<std::size_t>(length) == found.size() && found == cookie_ ? 0 : -EBUSY;
  }

  void renew(const std::stop_token& stop) {
    const auto pause = std::chrono::milliseconds(operation_limit_) / 3;
    std::unique_lock waiting(mutex_);
    while (!lost_ && !wake_.wait_for(waiting, stop, pause, [&] { return stop.stop_requested(); })) {
      const auto asked = steady::now();
      int renewed = lock();
      if (renewed == 0) renewed = check_owner();
      if (renewed == 0) until_ = asked + length_;
      if (renewed == -EBUSY) lost_ = true;
    }
    if (lost_) ::rados_unlock(space_.io(), lock_object, lock_name, cookie_.c_str());
  }

  const rados_space& space_;
  const std::chrono::seconds operation_limit_;
  const std::chrono::seconds length_;
  const std::string cookie_ = new_cookie();
  std::atomic<steady::time_point> until_{steady::time_point{}};
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread renewer_;
};

/// An object of a listing whose length was asked for.
class pending_length {
public:
  pending_length(const rados_space& space, const chunk_name& name) : name_(name) {
    started_ = ::rados_aio_create_completion2(nullptr, nullptr, &completion_);
    if (started_ == 0)
      started_ = ::rados_aio_stat(space.io(), to_hex(name).c_str(), completion_, &size_, &changed_);
  }
  ~pending_length() {
    wait();
    if (completion_ != nullptr) ::rados_aio_release(completion_);
  }
  pending_length(const pending_length&) = delete;
  pending_length& operator=(const pending_length&) = delete;

  /// 0 or -errno.
  int wait() {
    if (started_ < 0) return started_;
    ::rados_aio_wait_for_complete(completion_);
    return ::rados_aio_get_return_value(completion_);
  }
  const chunk_name& name() const { return name_; }
  std::uint64_t size() const { return size_; }

private:
  chunk_name name_;
  rados_completion_t completion_ = nullptr;
  int started_ = 0;
  std::uint64_t size_ = 0;
  time_t changed_ = 0;
};

class chunk_rados final : public chunk_backend {
public:
  explicit chunk_rados(const rados_options& o) : lease_(space_, o) {}

  result<void> open(const rados_options& o) {
    if (auto ok = space_.open(o); !ok) return ok;
    return lease_.take();
  }

  result<void> write(const chunk_name& name, std::span<const byte_view> image) override {
    if (!lease_.writable()) return lease_.not_writable();
    // In one piece: an erasure coded pool takes no second write that is not a stripe long.
    std::size_t size = 0;
    for (const auto part : image) size += part.size();
    bytes whole;
    whole.reserve(size);
    for (const auto part : image) append(whole, part);
    const int written = ::rados_write_full(space_.io(), to_hex(name).c_str(),
                                           reinterpret_cast<const char*>(whole.data()), size);
    return written < 0 ? space_.failed("write to", written) : result<void>{};
  }

  result<slice> read(const chunk_name& name, std::uint64_t offset,
                     std::size_t count) const override {
    int got = 0;
    auto out = slice::filled(count, [&](std::span<byte> room) -> std::size_t {
      got = ::rados_read(space_.io(), to_hex(name).c_str(), reinterpret_cast<char*>(room.data()),
                         room.size(), offset);
      return got < 0 ? 0 : static_cast<std::size_t>(got);
    });
    if (got == -ENOENT) return fail(errc::not_found, "this chunk is not stored here");
    if (got < 0) return space_.failed("read from", got);
    return out;
  }

  result<void> erase(const chunk_name& name) override {
    if (!lease_.writable()) return lease_.not_writable();
    const int removed = ::rados_remove(space_.io(), to_hex(name).c_str());
    return removed < 0 && removed != -ENOENT ? space_.failed("remove from", removed)
                                             : result<void>{};
  }

  result<void>
  each(const std::function<void(const chunk_name&, std::uint64_t)>& visit) const override {
    rados_list_ctx_t listing = nullptr;
    int got = ::rados_nobjects_list_open(space_.io(), &listing);
    if (got < 0) return space_.failed("list", got);
    const std::unique_ptr<void, void (*)(void*)> owner(listing, ::rados_nobjects_list_close);
    // A listing has no lengths, and asking for one after the other would take a round trip each.
    std::deque<pending_length> asked;
    const auto take_first = [&] {
      const int stated = asked.front().wait();
      if (stated == 0) visit(asked.front().name(), asked.front().size());
      asked.pop_front();
      return stated == -ENOENT ? 0 : stated; // it was removed meanwhile
    };
    const char* object = nullptr;
    while ((got = ::rados_nobjects_list_next(listing, &object, nullptr, nullptr)) == 0) {
      if (const auto name = name_of(object)) asked.emplace_back(space_, *name);
      if (asked.size() < limits::rados_lengths_asked) continue;
      if (const int stated = take_first(); stated < 0) return space_.failed("list", stated);
    }
    if (got != -ENOENT) return space_.failed("list", got);
    while (!asked.empty())
      if (const int stated = take_first(); stated < 0) return space_.failed("list", stated);
    return {};
  }

  result<std::uint64_t> room() const override { return space_.room(); }

private:
  rados_space space_;
  rados_lease lease_;
};

} // namespace

result<std::unique_ptr<chunk_backend>> open_chunk_rados(const rados_options& options) {
  using std::chrono::seconds;
  if (!is_space(options.space))
    return fail(errc::configuration, "a RADOS namespace of a node has 1 to " +
                                         std::to_string(limits::rados_space_bytes) +
                                         " letters, digits, '.', '_', '-'");
  if (options.operation_limit < seconds(1) || options.connect_limit < seconds(1) ||
      options.operation_limit > limits::rados_wait || options.connect_limit > limits::rados_wait)
    return fail(errc::configuration, "the limits of RADOS operations are 1 s to " +
                                         std::to_string(limits::rados_wait.count()) + " s");
  auto out = std::make_unique<chunk_rados>(options);
  if (auto ok = out->open(options); !ok) return tl::unexpected(ok.error());
  return out;
}

} // namespace interswarm
