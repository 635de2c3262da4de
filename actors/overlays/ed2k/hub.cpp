#include "actors/overlays/ed2k/hub.hpp"

#include "actors/overlays/ed2k/frame_stream.hpp"
#include "actors/overlays/ed2k/limits.hpp"
#include "actors/runtime/datagram.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/reason.hpp"
#include "schema/ed2k/client_exchange.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/client_udp.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace interswarm::ed2k {

namespace {

constexpr auto tick_interval = 250 * kj::MILLISECONDS;

void no_delay(kj::AsyncIoStream& stream) {
  const int on = 1;
  stream.setsockopt(IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace

hub::hub(runtime::loop& home, peer_options options)
    : home_(home.shared_from_this()), options_(std::move(options)), listening_(options_.listen),
      queue_(options_.upload_slots), pool_(std::make_shared<region_pool>(options_.cache_bytes)),
      tasks_(*this) {}

hub::~hub() {
  closing_ = true;
  offered_.clear();
  downloads_.clear();
}

instant hub::now() const {
  return std::chrono::duration_cast<instant>(std::chrono::steady_clock::now().time_since_epoch());
}

void hub::taskFailed(kj::Exception&& e) {
  if (!closing_) runtime::log().warn("ed2k peer: {}", runtime::reason_of(e));
}

void hub::start(std::function<void(result<void>)> done) {
  tasks_.add(kj::evalLater([this] { return open(); })
                 .then([done] { done({}); },
                       [done, where = options_.listen](kj::Exception&& e) {
                         done(fail(errc::io, "cannot listen on " + where.to_string() + ": " +
                                                 runtime::reason_of(e)));
                       }));
}

kj::Promise<void> hub::open() {
  auto& network = home_->io().provider->getNetwork();
  const auto where = options_.listen.to_string();
  return network.parseAddress(where.c_str(), options_.listen.port)
      .then([this](kj::Own<kj::NetworkAddress> address) {
        listener_ = address->listen();
        listening_.port = static_cast<std::uint16_t>(listener_->getPort());
        tasks_.add(accept_loop());
        tasks_.add(tick_loop());
        if (options_.udp_port == 0) return kj::Promise<void>(kj::READY_NOW);
        const auto udp = endpoint{options_.listen.address, options_.udp_port}.to_string();
        return home_->io()
            .provider->getNetwork()
            .parseAddress(udp.c_str(), options_.udp_port)
            .then([this](kj::Own<kj::NetworkAddress> at) {
              udp_ = at->bindDatagramPort();
              udp_in_ = udp_->makeReceiver();
              tasks_.add(udp_loop());
            });
      });
}

hello hub::introduction() const {
  hello h;
  h.user_hash = options_.user_hash;
  h.id = client_id::of(options_.public_address.is_unspecified() ? options_.listen.address
                                                                : options_.public_address);
  h.tcp_port = listening_.port;
  h.udp_port = options_.udp_port;
  h.nick = options_.nick;
  h.emule_version = compatible_emule_version;
  h.can = {.aich = 1,
           .unicode = true,
           .udp = 4,
           .compression = 1,
           .source_exchange = source_exchange1_version,
           .extended_request = 2,
           .no_view_shared = true,
           .multi_packet = true,
           .large_files = true,
           .ext_multi_packet = true,
           .source_exchange2 = true,
           .is_emule = true};
  return h;
}

kj::Promise<void> hub::accept_loop() {
  return listener_->accept().then([this](kj::Own<kj::AsyncIoStream> stream) {
    const auto remote = peer_of(*stream);
    if (auto* session = admit(kj::mv(stream), remote, false)) session->start();
    return accept_loop();
  });
}

client_session* hub::admit(kj::Own<kj::AsyncIoStream> stream, const endpoint& remote,
                           bool dialled) {
  auto& of_address = per_address_[remote.address];
  if (sessions_.size() >= limits::max_connections ||
      of_address >= limits::max_connections_per_address) {
    if (of_address == 0) per_address_.erase(remote.address);
    return nullptr;
  }
  ++of_address;
  no_delay(*stream);
  const auto id = next_session_++;
  auto session = std::make_unique<client_session>(*this, id, kj::mv(stream), remote, dialled);
  return (sessions_[id] = std::move(session)).get();
}

kj::Promise<kj::Own<kj::AsyncIoStream>> hub::connect(const endpoint& to) {
  const auto text = to.to_string();
  auto& io = home_->io();
  auto attempt = io.provider->getNetwork()
                     .parseAddress(text.c_str(), to.port)
                     .then([](kj::Own<kj::NetworkAddress> a) {
                       auto connecting = a->connect();
                       return connecting.attach(kj::mv(a));
                     });
  return home_->timer().timeoutAfter(limits::connect_timeout.count() * kj::MILLISECONDS,
                                     kj::mv(attempt));
}

client_session* hub::session_with(const endpoint& client) {
  for (const auto& [id, s] : sessions_) {
    if (s->closed()) continue;
    if (s->greeted() ? s->contact() == client : s->dialled() && s->remote() == client)
      return s.get();
  }
  return nullptr;
}

void hub::dial(const endpoint& to, const md4_digest& file, source_id source) {
  if (auto* here = session_with(to)) return here->take_from(file, source);
  auto& waiting = dialling_[to];
  waiting.emplace_back(file, source);
  if (waiting.size() > 1) return;
  const auto failed = [this](const takers& all) {
    for (const auto& [hash, id] : all) {
      if (auto* party = download(hash)) party->session_closed(id);
    }
  };
  tasks_.add(connect(to).then(
      [this, to, failed](kj::Own<kj::AsyncIoStream> stream) {
        const auto all = std::move(dialling_.extract(to).mapped());
        const bool wanted = std::any_of(
            all.begin(), all.end(), [this](const auto& t) { return download(t.first) != nullptr; });
        auto* session = wanted ? admit(kj::mv(stream), to, true) : nullptr;
        if (session == nullptr) return failed(all);
        for (const auto& [hash, id] : all) session->take_from(hash, id);
        session->start();
      },
      [this, to, failed](kj::Exception&&) { failed(dialling_.extract(to).mapped()); }));
}

void hub::dial_for_slot(const upload_queue::client& who) {
  tasks_.add(connect(who.contact)
                 .then(
                     [this, who](kj::Own<kj::AsyncIoStream> stream) {
                       auto* session = admit(kj::mv(stream), who.contact, true);
                       if (session == nullptr) return queue_.leave(who.user_hash);
                       session->for_slot(who.file);
                       session->start();
                     },
                     [this, who](kj::Exception&&) {
                       queue_.leave(who.user_hash);
                       promote();
                     }));
}

client_session* hub::session(session_id id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() || found->second->closed() ? nullptr : found->second.get();
}

void hub::bury(session_id id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const auto address = per_address_.find(found->second->remote().address);
  if (address != per_address_.end() && --address->second == 0) per_address_.erase(address);
  graveyard_.push_back(std::move(found->second));
  sessions_.erase(found);
  tasks_.add(kj::evalLater([this] { graveyard_.clear(); }));
}

void hub::offer(upload_file& file) { offered_[file.hash()] = &file; }

void hub::withdraw(upload_file& file) {
  const auto found = offered_.find(file.hash());
  if (found == offered_.end() || found->second != &file) return;
  const auto hash = file.hash();
  offered_.erase(found);
  for (auto* s : sessions_wanting(hash)) s->withdraw(hash);
}

upload_file* hub::offered(const md4_digest& hash) {
  const auto found = offered_.find(hash);
  return found == offered_.end() ? nullptr : found->second;
}

void hub::join(download_party& party) { downloads_[party.hash()] = &party; }

void hub::leave(download_party& party) {
  const auto found = downloads_.find(party.hash());
  if (found == downloads_.end() || found->second != &party) return;
  const auto hash = party.hash();
  downloads_.erase(found);
  std::vector<client_session*> all;
  for (auto& [id, s] : sessions_) all.push_back(s.get());
  for (auto* s : all) s->stop_taking(hash);
}

download_party* hub::download(const md4_digest& hash) {
  const auto found = downloads_.find(hash);
  return found == downloads_.end() ? nullptr : found->second;
}

std::vector<client_session*> hub::sessions_wanting(const md4_digest& file) {
  std::vector<client_session*> out;
  for (auto& [id, s] : sessions_) {
    if (s->greeted() && s->wants(file)) out.push_back(s.get());
  }
  return out;
}

std::size_t hub::clients_of(const md4_digest& file) const {
  std::size_t count = 0;
  for (const auto& [id, s] : sessions_) count += s->greeted() && s->wants(file) ? 1 : 0;
  return count;
}

void hub::poke(const md4_digest& file) {
  for (auto* s : sessions_wanting(file)) s->poke(file);
  promote();
}

void hub::tell_status(const md4_digest& file) {
  for (auto* s : sessions_wanting(file)) s->tell_status(file);
}

void hub::promote() {
  const auto ready = [this](const upload_queue::client& c) {
    auto* file = offered(c.file);
    if (file == nullptr || !file->ready()) return false;
    for (const auto& [id, s] : sessions_) {
      if (s->greeted() && s->client().user_hash == c.user_hash) return true;
    }
    return c.contact.port != 0;
  };
  while (const auto next = queue_.promote(now(), ready)) {
    client_session* here = nullptr;
    for (auto& [id, s] : sessions_) {
      if (s->greeted() && !s->closed() && s->client().user_hash == next->user_hash) here = s.get();
    }
    if (here != nullptr) {
      here->grant(*offered(next->file));
    } else {
      dial_for_slot(*next);
    }
  }
}

std::vector<std::pair<md4_digest, source_id>> hub::recognise(const client_session& session) const {
  std::vector<std::pair<md4_digest, source_id>> out;
  for (const auto& [hash, party] : downloads_) {
    const auto source =
        party->recognise(session.client().user_hash, session.client().id, session.contact());
    if (source) out.emplace_back(hash, *source);
  }
  return out;
}

kj::Promise<void> hub::tick_loop() {
  return home_->timer().afterDelay(tick_interval).then([this] {
    const auto at = now();
    queue_.expire(at);
    std::vector<session_id> ids;
    for (const auto& [id, s] : sessions_) ids.push_back(id);
    for (const auto id : ids) {
      if (auto* s = session(id)) s->tick(at);
    }
    std::vector<md4_digest> parties;
    for (const auto& [hash, party] : downloads_) parties.push_back(hash);
    for (const auto& hash : parties) {
      if (auto* party = download(hash)) party->tick(at);
    }
    promote();
    return tick_loop();
  });
}

kj::Promise<void> hub::udp_loop() {
  return udp_in_->receive().then([this] {
    const auto content = udp_in_->getContent();
    // KJ tells the sender as text only; `answer_datagram` parses what it needs.
    const auto from = endpoint::parse(udp_in_->getSource().toString().cStr());
    if (!content.isTruncated && from)
      answer_datagram(*from, {content.value.begin(), content.value.size()});
    return udp_loop();
  });
}

void hub::answer_datagram(const endpoint& from, byte_view datagram) {
  const auto packet = decode_datagram(datagram);
  if (!packet || packet->family != protocol::emule || packet->opcode != udp_opcode::reask_file_ping)
    return;
  // The asker's version is that of its hello; without one it is as old as the packet is short.
  const std::uint8_t version = packet->payload.size() > 18    ? 4
                               : packet->payload.size() == 18 ? 3
                                                              : 2;
  const auto ask = decode_reask(packet->payload, version);
  if (!ask) return;
  bytes out;
  auto* file = offered(ask->hash);
  const auto waiting =
      file == nullptr ? std::nullopt : queue_.find_waiting(from.address, ask->hash);
  if (file == nullptr) {
    append_datagram(out, protocol::emule, udp_opcode::file_not_found, {});
  } else if (!waiting) {
    // Unknown address and a full queue look alike to the asker: it comes back over TCP.
    if (queue_.waiting() < limits::max_waiting_clients) return;
    append_datagram(out, protocol::emule, udp_opcode::queue_full, {});
  } else {
    queue_.touch(*waiting, now());
    append_reask_ack(out, {file->status(), queue_.rank(*waiting)}, version);
  }
  auto data = kj::heapArray<kj::byte>(out.data(), out.size());
  auto to = udp_in_->getSource().clone();
  auto sent = runtime::send_datagram(*udp_, kj::mv(data), *to);
  tasks_.add(sent.attach(kj::mv(to)));
}

} // namespace interswarm::ed2k
