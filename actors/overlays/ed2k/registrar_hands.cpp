#include "actors/overlays/ed2k/registrar_hands.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/reason.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ed2k/limits.hpp"

namespace interswarm::ed2k {

namespace {

constexpr auto tick_interval = 500 * kj::MILLISECONDS;
constexpr auto dial_timeout = 30 * kj::SECONDS;
/// What of a server's words goes into a person's line.
std::string reason(const kj::Exception& e) { return "unreachable (" + runtime::reason_of(e) + ")"; }

} // namespace

registrar_hands::registrar_hands(kj::Network& network, kj::Timer& timer, registrar_options options,
                                 std::uint32_t seed)
    : network_(network), timer_(timer), options_(options), core_(std::move(options), seed),
      tasks_(*this) {
  tasks_.add(tick_on());
  perform(core_.start(now()));
}

registrar_hands::~registrar_hands() noexcept(false) = default;

instant registrar_hands::now() const {
  return instant((timer_.now() - kj::origin<kj::TimePoint>()) / kj::MILLISECONDS);
}

void registrar_hands::taskFailed(kj::Exception&& e) {
  runtime::log().warn("ed2k registrar: {}", runtime::reason_of(e));
}

kj::Promise<void> registrar_hands::tick_on() {
  return timer_.afterDelay(tick_interval).then([this] {
    perform(core_.tick(now()));
    return tick_on();
  });
}

void registrar_hands::dial() {
  bury();
  auto connected =
      network_
          .parseAddress(kj::StringPtr(options_.host.c_str(), options_.host.size()), options_.port)
          .then([](kj::Own<kj::NetworkAddress> address) {
            auto stream = address->connect();
            return stream.attach(kj::mv(address));
          });
  dialling_ = timer_.timeoutAfter(dial_timeout, kj::mv(connected))
                  .then(
                      [this](kj::Own<kj::AsyncIoStream> stream) {
                        stream_ = kj::heap<frame_stream>(kj::mv(stream), link_kind::server,
                                                         limits::max_server_inflated_bytes, *this);
                        stream_->start();
                        perform(core_.connected(now()));
                      },
                      [this](kj::Exception&& e) { perform(core_.closed(reason(e), now())); })
                  .eagerlyEvaluate([this](kj::Exception&& e) { taskFailed(kj::mv(e)); });
}

/// Lets go of the connection; not at once, for one of its promises may be what called us.
void registrar_hands::bury() {
  if (stream_.get() != nullptr) {
    auto flushed = stream_->finish();
    tasks_.add(kj::evalLater([gone = kj::mv(stream_)] {}));
  }
  tasks_.add(kj::evalLater([gone = kj::mv(dialling_)]() mutable {}));
  dialling_ = nullptr;
}

void registrar_hands::on_frame(const frame& packet) {
  if (packet.family != protocol::edonkey) return;
  const auto answer = read_server_answer(packet.opcode, packet.payload);
  // Servers have packets of their own: what is not understood is passed over.
  if (answer) perform(core_.received(*answer, now()));
}

void registrar_hands::on_end(std::string why) {
  bury();
  perform(core_.closed("connection lost (" + why + ")", now()));
}

void registrar_hands::perform(registrar_effects effects) {
  for (auto& effect : effects) {
    if (std::holds_alternative<dial_server>(effect)) {
      dial();
    } else if (std::holds_alternative<hang_up>(effect)) {
      bury();
    } else if (const auto* s = std::get_if<send_request>(&effect)) {
      bytes packet;
      append_server_request(packet, s->request, s->pack);
      if (stream_.get() != nullptr) stream_->send(std::move(packet));
    } else if (auto* found = std::get_if<find_answered>(&effect)) {
      if (auto waiting = finds_.extract(found->call)) waiting.mapped()(std::move(found->sources));
    } else if (auto* results = std::get_if<search_answered>(&effect)) {
      if (auto waiting = searches_.extract(results->call))
        waiting.mapped()(std::move(results->files));
    } else if (auto* failed = std::get_if<call_failed>(&effect)) {
      if (auto waiting = finds_.extract(failed->call))
        waiting.mapped()(tl::unexpected(failed->why));
      if (auto waiting = searches_.extract(failed->call))
        waiting.mapped()(tl::unexpected(failed->why));
    } else if (const auto* report = std::get_if<report_status>(&effect)) {
      runtime::log().info("{}", report->line);
    }
  }
}

result<std::uint64_t> registrar_hands::announce(const file_key& file, std::string_view name,
                                                bool complete) {
  if (auto taken = core_.announce(file, name, complete); !taken)
    return tl::unexpected(taken.error());
  const auto number = next_call_++;
  announcements_.emplace(number, announcement{file, std::string(name), complete});
  return number;
}

void registrar_hands::withdraw(std::uint64_t number) {
  const auto it = announcements_.find(number);
  if (it == announcements_.end()) return;
  const auto file = it->second.file;
  announcements_.erase(it);
  for (const auto& [other, a] : announcements_) {
    if (a.file == file) {
      (void)core_.announce(file, a.name, a.complete); // known already, or refused as a whole
      return;
    }
  }
  core_.withdraw(file);
}

bool registrar_hands::in_force(std::uint64_t number) const {
  const auto it = announcements_.find(number);
  return it != announcements_.end() && core_.offered(it->second.file);
}

void registrar_hands::find(const file_key& file, std::size_t want, find_function done) {
  const auto call = next_call_++;
  finds_.emplace(call, std::move(done));
  perform(core_.find(call, file, want, now()));
}

void registrar_hands::search(const search_query& query, search_function done) {
  const auto call = next_call_++;
  searches_.emplace(call, std::move(done));
  perform(core_.search(call, query, now()));
}

} // namespace interswarm::ed2k
