#include "actors/overlays/ed2k/server_hands.hpp"

#include "actors/overlays/ed2k/server_probe.hpp"
#include "actors/runtime/datagram.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/reason.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm::ed2k {

namespace {

constexpr auto server_tick_interval = 1 * kj::SECONDS;
/// What a closed client may still take of its last answers.
constexpr auto flush_time = 5 * kj::SECONDS;
/// After an accept that failed: descriptors are lacking.
constexpr auto accept_pause = 1 * kj::SECONDS;
constexpr std::size_t max_datagram_bytes = 8'192;
constexpr std::size_t max_datagrams_in_flight = 256;
constexpr int bind_attempts = 16;

} // namespace

struct server_hands::connection final : frame_stream::listener {
  connection(server_hands& h, party_id w, kj::Own<kj::AsyncIoStream> s)
      : hands(h), who(w), stream(kj::mv(s), link_kind::server, limits::max_request_bytes, *this) {}
  void on_frame(const frame& packet) override { hands.on_request(*this, packet); }
  void on_end(std::string) override { hands.on_gone(who); }

  server_hands& hands;
  party_id who;
  frame_stream stream;
};

struct server_hands::probe final {
  probe(server_hands& h, party_id who, hello own, const endpoint& to)
      : work(callback_test(h.network_, h.timer_, std::move(own), to, limits::probe_timeout)
                 .then([&h, who](kj::Maybe<md4_digest> answered) {
                   KJ_IF_MAYBE (hash, answered) {
                     h.end_probe(who, *hash);
                   } else {
                     h.end_probe(who, std::nullopt);
                   }
                 })
                 .eagerlyEvaluate([&h](kj::Exception&& e) { h.taskFailed(kj::mv(e)); })) {}
  kj::Promise<void> work;
};

result<std::shared_ptr<server_hands>> server_hands::open(kj::Network& network, kj::Timer& timer,
                                                         server_options options, own_peer own,
                                                         std::uint32_t salt) {
  result<std::shared_ptr<server_hands>> out;
  const auto wanted = options.listen;
  auto failed = kj::runCatchingExceptions([&] {
    auto s = bind(network, options.listen);
    out = std::shared_ptr<server_hands>(
        new server_hands(network, timer, std::move(options), own, salt, kj::mv(s)));
  });
  KJ_IF_MAYBE (e, failed) {
    return fail(errc::io, "ed2k server: cannot listen on " + wanted.to_string() +
                              " (TCP) and 4 ports above (UDP): " + runtime::reason_of(*e));
  }
  return out;
}

server_hands::sockets server_hands::bind(kj::Network& network, endpoint& listen) {
  for (int attempt = 1;; ++attempt) {
    sockets out;
    auto at = listen;
    out.tcp = kj_address(network, at)->listen();
    at.port = static_cast<std::uint16_t>(out.tcp->getPort());
    auto above = at;
    above.port = static_cast<std::uint16_t>(at.port + server_udp_port_offset);
    auto failed = kj::runCatchingExceptions(
        [&] { out.udp = kj_address(network, above)->bindDatagramPort(); });
    if (failed == nullptr) {
      listen = at;
      return out;
    }
    // Any port will do: then another pair may be free.
    if (listen.port != 0 || attempt == bind_attempts) {
      KJ_IF_MAYBE (e, failed) {
        kj::throwFatalException(kj::mv(*e));
      }
    }
  }
}

server_hands::server_hands(kj::Network& network, kj::Timer& timer, server_options options,
                           own_peer own, std::uint32_t salt, sockets s)
    : network_(network), timer_(timer), options_(std::move(options)), core_(options_, own, salt),
      sockets_(kj::mv(s)),
      receiver_(sockets_.udp->makeReceiver({.content = max_datagram_bytes, .ancillary = 0})),
      tasks_(*this) {
  tasks_.add(accept_on());
  tasks_.add(receive_on());
  tasks_.add(tick_on());
}

server_hands::~server_hands() noexcept(false) = default;

instant server_hands::now() const {
  return instant((timer_.now() - kj::origin<kj::TimePoint>()) / kj::MILLISECONDS);
}

void server_hands::taskFailed(kj::Exception&& e) {
  runtime::log().warn("ed2k server: {}", runtime::reason_of(e));
}

kj::Promise<void> server_hands::accept_on() {
  return sockets_.tcp->accept()
      .then(
          [this](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<void> {
            welcome(kj::mv(stream));
            return kj::READY_NOW;
          },
          [this](kj::Exception&& e) -> kj::Promise<void> {
            taskFailed(kj::mv(e));
            return timer_.afterDelay(accept_pause);
          })
      .then([this] { return accept_on(); });
}

kj::Promise<void> server_hands::receive_on() {
  return receiver_->receive()
      .then([this] { on_datagram(); }, [this](kj::Exception&& e) { taskFailed(kj::mv(e)); })
      .then([this] { return receive_on(); });
}

kj::Promise<void> server_hands::tick_on() {
  return timer_.afterDelay(server_tick_interval).then([this] {
    perform(core_.tick(now()));
    return tick_on();
  });
}

void server_hands::welcome(kj::Own<kj::AsyncIoStream> stream) {
  const auto who = core_.connect(peer_of(*stream).address, now());
  if (!who) return;
  auto& made = connections_[*who];
  made = kj::heap<connection>(*this, *who, kj::mv(stream));
  made->stream.start();
}

void server_hands::on_request(connection& from, const frame& packet) {
  const auto who = from.who;
  auto request = packet.family == protocol::edonkey
                     ? read_server_request(packet.opcode, packet.payload)
                     : decoded<server_request>(interswarm::drop("not a server packet"));
  perform(core_.receive(who, std::move(request), now()));
}

void server_hands::on_gone(party_id who) {
  const auto it = connections_.find(who);
  if (it == connections_.end()) return;
  // This is a call of the connection itself: it goes with a later event.
  tasks_.add(kj::evalLater([gone = kj::mv(it->second)] {}));
  connections_.erase(it);
  probes_.erase(who);
  perform(core_.disconnected(who));
}

void server_hands::drop(party_id who, const std::string& why) {
  const auto it = connections_.find(who);
  if (it == connections_.end()) return;
  runtime::log().debug("ed2k server: client {} dropped: {}", who, printable(why));
  auto flushed = it->second->stream.finish();
  tasks_.add(timer_.afterDelay(flush_time)
                 .exclusiveJoin(kj::mv(flushed).catch_([](kj::Exception&&) {}))
                 .then([gone = kj::mv(it->second)]() mutable {
                   // Not here: a promise of the stream may be what called us.
                   return kj::evalLater([last = kj::mv(gone)] {});
                 }));
  connections_.erase(it);
  probes_.erase(who);
  perform(core_.disconnected(who));
}

void server_hands::perform(server_effects effects) {
  for (auto& effect : effects) {
    if (const auto* a = std::get_if<send_answer>(&effect)) {
      send(*a);
    } else if (const auto* c = std::get_if<close_connection>(&effect)) {
      drop(c->who, c->why);
    } else if (const auto* p = std::get_if<start_probe>(&effect)) {
      start(*p);
    } else if (const auto* d = std::get_if<send_datagram>(&effect)) {
      send(*d);
    } else if (const auto* t = std::get_if<tell_demand>(&effect)) {
      if (told_) told_(*t);
    }
  }
}

void server_hands::send(const send_answer& a) {
  const auto it = connections_.find(a.to);
  if (it == connections_.end()) return;
  bytes packet;
  append_server_answer(packet, a.answer, a.pack, a.form);
  if (it->second->stream.unsent() + packet.size() > limits::max_unsent_bytes) {
    return drop(a.to, "does not take its answers");
  }
  it->second->stream.send(std::move(packet));
}

void server_hands::start(const start_probe& p) {
  hello own;
  own.user_hash = core_.identity();
  own.id = client_id::of(listening().address);
  own.tcp_port = listening().port;
  own.nick = options_.name;
  own.server = listening();
  probes_[p.who] = kj::heap<probe>(*this, p.who, std::move(own), p.to);
}

void server_hands::end_probe(party_id who, std::optional<md4_digest> answered) {
  const auto it = probes_.find(who);
  if (it == probes_.end()) return;
  tasks_.add(kj::evalLater([gone = kj::mv(it->second)] {}));
  probes_.erase(it);
  perform(core_.probed(who, answered, now()));
}

void server_hands::on_datagram() {
  const auto content = receiver_->getContent();
  if (content.isTruncated) return;
  const auto request = read_udp_request({content.value.begin(), content.value.size()});
  const auto source = receiver_->getSource().toString();
  const auto from = endpoint::parse({source.cStr(), source.size()});
  if (request && from) perform(core_.datagram(*from, *request, now()));
}

void server_hands::send(const send_datagram& d) {
  if (datagrams_in_flight_ >= max_datagrams_in_flight) return;
  bytes packet;
  append_udp_answer(packet, d.answer);
  auto data = kj::heapArray<kj::byte>(packet.data(), packet.size());
  auto to = kj_address(network_, d.to);
  ++datagrams_in_flight_;
  auto sent = runtime::send_datagram(*sockets_.udp, kj::mv(data), *to);
  tasks_.add(sent.attach(kj::mv(to), kj::defer([this] { --datagrams_in_flight_; })));
}

std::uint64_t server_hands::announce(const file_key& file, std::string_view name, bool complete) {
  const auto number = next_announcement_++;
  announcements_.emplace(number, announcement{file, std::string(name), complete});
  perform(core_.announce(file, name, complete));
  return number;
}

void server_hands::withdraw(std::uint64_t number) {
  const auto it = announcements_.find(number);
  if (it == announcements_.end()) return;
  const auto file = it->second.file;
  announcements_.erase(it);
  for (const auto& [other, a] : announcements_) {
    if (a.file == file) return perform(core_.announce(file, a.name, a.complete));
  }
  core_.withdraw(file);
}

std::vector<party> server_hands::find(const file_key& file, std::size_t want) {
  server_effects effects;
  auto out = core_.find(file, want, now(), effects);
  perform(std::move(effects));
  return out;
}

std::vector<file_entry> server_hands::search(const search_query& query, std::size_t limit) const {
  std::vector<file_entry> out;
  const auto expression = make_search(query);
  if (!expression) return out;
  for (const auto& file : core_.index().search(*expression, limit)) {
    if (auto entry = core_.index().describe(file)) out.push_back(std::move(*entry));
  }
  return out;
}

} // namespace interswarm::ed2k
