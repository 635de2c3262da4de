#pragma once

#include "actors/overlays/ed2k/client_session.hpp"
#include "actors/overlays/ed2k/peer_options.hpp"
#include "actors/overlays/ed2k/region_pool.hpp"
#include "actors/overlays/ed2k/slot_etiquette.hpp"
#include "actors/overlays/ed2k/upload_queue.hpp"
#include "actors/runtime/loop.hpp"

#include <functional>
#include <map>
#include <unordered_map>

namespace interswarm::ed2k {

/// What all sessions of one peer share: the listening sockets, the connections and their limits,
/// the upload queue, the contents on offer and the downloads. Made, used and destroyed on its
/// loop's thread.
class hub final : public std::enable_shared_from_this<hub>, kj::TaskSet::ErrorHandler {
public:
  hub(runtime::loop& home, peer_options options);
  ~hub();
  hub(const hub&) = delete;
  hub& operator=(const hub&) = delete;

  /// Opens the sockets; `done` later tells `io` when they cannot be had.
  void start(std::function<void(result<void>)> done);
  /// Where we listen, with the port that was taken.
  const endpoint& listening() const { return listening_; }
  const peer_options& options() const { return options_; }
  runtime::loop& home() { return *home_; }
  instant now() const;
  /// What we say about ourselves.
  hello introduction() const;

  void offer(upload_file& file);
  void withdraw(upload_file& file);
  upload_file* offered(const md4_digest& hash);
  void join(download_party& party);
  void leave(download_party& party);
  download_party* download(const md4_digest& hash);

  /// Connects a download with a client: dials it unless there is a connection; `session_ready` or
  /// `session_closed` of the download follows.
  void dial(const endpoint& to, const md4_digest& file, source_id source);
  /// The session, unless it is over.
  client_session* session(session_id id);
  /// Ends a session; it is destroyed outside of its own callbacks.
  void bury(session_id id);
  /// Clients connected that take `file` from us.
  std::size_t clients_of(const md4_digest& file) const;
  std::vector<client_session*> sessions_wanting(const md4_digest& file);

  /// A file can answer what it could not before.
  void poke(const md4_digest& file);
  /// More of a file can be given than its takers were told.
  void tell_status(const md4_digest& file);
  upload_queue& queue() { return queue_; }
  /// Gives free slots to those that wait.
  void promote();
  const std::shared_ptr<region_pool>& pool() { return pool_; }

  /// Every download that a client dialling in may be a source of, and which source it is there.
  std::vector<std::pair<md4_digest, source_id>> recognise(const client_session& session) const;
  slot_etiquette& etiquette() { return etiquette_; }

private:
  void taskFailed(kj::Exception&& e) override;
  kj::Promise<void> open();
  kj::Promise<void> accept_loop();
  kj::Promise<void> tick_loop();
  kj::Promise<void> udp_loop();
  void answer_datagram(const endpoint& from, byte_view datagram);
  client_session* admit(kj::Own<kj::AsyncIoStream> stream, const endpoint& remote, bool dialled);
  kj::Promise<kj::Own<kj::AsyncIoStream>> connect(const endpoint& to);
  void dial_for_slot(const upload_queue::client& who);
  client_session* session_with(const endpoint& client);

  std::shared_ptr<runtime::loop> home_;
  peer_options options_;
  endpoint listening_;
  kj::Own<kj::ConnectionReceiver> listener_;
  kj::Own<kj::DatagramPort> udp_;
  kj::Own<kj::DatagramReceiver> udp_in_;
  std::unordered_map<session_id, std::unique_ptr<client_session>> sessions_;
  std::vector<std::unique_ptr<client_session>> graveyard_;
  std::unordered_map<ip_address, std::size_t> per_address_;
  session_id next_session_ = 1;
  upload_queue queue_;
  std::shared_ptr<region_pool> pool_;
  std::map<md4_digest, upload_file*> offered_;
  std::map<md4_digest, download_party*> downloads_;
  using takers = std::vector<std::pair<md4_digest, source_id>>;
  std::map<endpoint, takers> dialling_;
  slot_etiquette etiquette_;
  bool closing_ = false;
  kj::TaskSet tasks_;
};

} // namespace interswarm::ed2k
