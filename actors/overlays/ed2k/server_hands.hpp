#pragma once

#include "actors/overlays/ed2k/frame_stream.hpp"
#include "actors/overlays/ed2k/server_core.hpp"

#include <functional>
#include <map>

namespace interswarm::ed2k {

/// The sockets of a server: carries bytes to `server_core` and does what it decides. A KJ object:
/// all on one loop.
class server_hands final : private kj::TaskSet::ErrorHandler {
public:
  using demand_function = std::function<void(const tell_demand&)>;

  /// Listens at once: `io` when a port is in use.
  static result<std::shared_ptr<server_hands>> open(kj::Network& network, kj::Timer& timer,
                                                    server_options options, own_peer own,
                                                    std::uint32_t salt);
  ~server_hands() noexcept(false);
  server_hands(const server_hands&) = delete;
  server_hands& operator=(const server_hands&) = delete;

  void on_demand(demand_function told) { told_ = std::move(told); }
  /// The TCP endpoint clients connect to.
  const endpoint& listening() const { return options_.listen; }

  /// Our own peer has the file until `withdraw` with the number given.
  std::uint64_t announce(const file_key& file, std::string_view name, bool complete);
  void withdraw(std::uint64_t number);
  std::vector<party> find(const file_key& file, std::size_t want);
  swarm_counts counts(const file_key& file) const { return core_.counts(file); }
  std::vector<file_entry> search(const search_query& query, std::size_t limit) const;
  const server_core& core() const { return core_; }
  bool announced(std::uint64_t number) const { return announcements_.contains(number); }

private:
  struct connection;
  struct probe;
  struct announcement {
    file_key file;
    std::string name;
    bool complete = true;
  };
  struct sockets {
    kj::Own<kj::ConnectionReceiver> tcp;
    kj::Own<kj::DatagramPort> udp;
  };

  server_hands(kj::Network& network, kj::Timer& timer, server_options options, own_peer own,
               std::uint32_t salt, sockets s);
  static sockets bind(kj::Network& network, endpoint& listen);

  kj::Promise<void> accept_on();
  kj::Promise<void> receive_on();
  kj::Promise<void> tick_on();
  void welcome(kj::Own<kj::AsyncIoStream> stream);
  void on_request(connection& from, const frame& packet);
  void on_gone(party_id who);
  void on_datagram();
  void perform(server_effects effects);
  void send(const send_answer& a);
  void send(const send_datagram& d);
  void drop(party_id who, const std::string& why);
  void start(const start_probe& p);
  void end_probe(party_id who, std::optional<md4_digest> answered);
  instant now() const;
  void taskFailed(kj::Exception&& e) override;

  kj::Network& network_;
  kj::Timer& timer_;
  server_options options_;
  server_core core_;
  demand_function told_;
  sockets sockets_;
  kj::Own<kj::DatagramReceiver> receiver_;
  std::map<party_id, kj::Own<connection>> connections_;
  std::map<party_id, kj::Own<probe>> probes_;
  std::map<std::uint64_t, announcement> announcements_;
  std::uint64_t next_announcement_ = 1;
  std::size_t datagrams_in_flight_ = 0;
  kj::TaskSet tasks_;
};

} // namespace interswarm::ed2k
