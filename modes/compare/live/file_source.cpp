#include "modes/compare/live/file_source.hpp"

namespace interswarm::compare {

namespace {

class file_source final : public runtime::loop_actor<msg::source_actor> {
public:
  file_source(caf::actor_config& config, runtime::loop& home,
              std::shared_ptr<const mapped_file> file, msg::name_record record)
      : loop_actor(config, home), file_(std::move(file)), record_(std::move(record)) {}

  const char* name() const override { return "file-source"; }
  behavior_type make_behavior() override {
    return {
        [this](const msg::source_info& x) { return after<msg::source_info_result>(x, info()); },
        [this](const msg::source_have& x) {
          return after<msg::source_have_result>(x, {version, {{0, file_->all().size()}}, 0});
        },
        [this](const msg::source_read& x) { return read(x); },
        [](const msg::source_judge&) {},
        [](const msg::source_genuine& x) {
          return msg::source_genuine_result{x.range, msg::verdict::good};
        },
    };
  }

private:
  static constexpr std::uint64_t version = 1;

  /// Nothing here ever changes, so whoever has seen this waits for the whole time.
  template <class Result, class Request>
  caf::result<Result> after(const Request& x, Result now) {
    if (x.after_version < version) return now;
    auto promise = make_response_promise<Result>();
    home()
        .timer()
        .afterDelay(x.wait_ms * kj::MILLISECONDS)
        .then([promise, now]() mutable { promise.deliver(std::move(now)); })
        .detach([](kj::Exception&&) {});
    return promise;
  }
  msg::source_info_result info() const {
    msg::source_info_result out;
    out.info.size = out.info.held_bytes = file_->all().size();
    out.info.record = record_;
    out.info.version = version;
    return out;
  }
  caf::result<msg::source_read_result> read(const msg::source_read& x) const {
    const auto all = file_->all();
    if (x.range.begin > x.range.end || x.range.end > all.size() ||
        x.range.end - x.range.begin > msg::max_read_bytes)
      return runtime::make_caf_error(errc::malformed, "no such range of the file");
    return msg::source_read_result{
        slice(file_, all.subspan(x.range.begin, x.range.end - x.range.begin))};
  }

  std::shared_ptr<const mapped_file> file_;
  msg::name_record record_;
};

} // namespace

msg::source_actor spawn_file_source(runtime::loop& home, std::shared_ptr<const mapped_file> file,
                                    msg::name_record record) {
  return runtime::spawn_on<file_source>(home, std::move(file), std::move(record));
}

} // namespace interswarm::compare
