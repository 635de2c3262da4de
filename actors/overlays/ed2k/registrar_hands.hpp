#pragma once

#include "actors/overlays/ed2k/frame_stream.hpp"
#include "actors/overlays/ed2k/registrar_core.hpp"

#include <functional>
#include <map>

namespace interswarm::ed2k {

/// The socket of a registrar: keeps the connection that `registrar_core` wants. A KJ object: all on
/// one loop.
class registrar_hands final : public frame_stream::listener, private kj::TaskSet::ErrorHandler {
public:
  using find_function = std::function<void(result<std::vector<source_entry>>)>;
  using search_function = std::function<void(result<std::vector<file_entry>>)>;

  /// Begins to dial.
  registrar_hands(kj::Network& network, kj::Timer& timer, registrar_options options,
                  std::uint32_t seed);
  ~registrar_hands() noexcept(false);
  registrar_hands(const registrar_hands&) = delete;
  registrar_hands& operator=(const registrar_hands&) = delete;

  /// The server is told of the file until `withdraw` with the number given.
  result<std::uint64_t> announce(const file_key& file, std::string_view name, bool complete);
  void withdraw(std::uint64_t number);
  bool in_force(std::uint64_t number) const;
  void find(const file_key& file, std::size_t want, find_function done);
  void search(const search_query& query, search_function done);
  void follow(const std::vector<file_key>& files) { core_.follow(files); }
  const registrar_core& core() const { return core_; }
  std::string status_line() const { return core_.status_line(now()); }

private:
  struct announcement {
    file_key file;
    std::string name;
    bool complete = true;
  };

  void on_frame(const frame& packet) override;
  void on_end(std::string why) override;
  void taskFailed(kj::Exception&& e) override;
  kj::Promise<void> tick_on();
  void perform(registrar_effects effects);
  void dial();
  void bury();
  instant now() const;

  kj::Network& network_;
  kj::Timer& timer_;
  registrar_options options_;
  registrar_core core_;
  std::map<std::uint64_t, announcement> announcements_;
  std::map<call_id, find_function> finds_;
  std::map<call_id, search_function> searches_;
  call_id next_call_ = 1;
  kj::Own<frame_stream> stream_;
  kj::Promise<void> dialling_ = nullptr;
  kj::TaskSet tasks_;
};

} // namespace interswarm::ed2k
