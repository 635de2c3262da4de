#pragma once

#include "actors/overlays/ed2k/instant.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/hash.hpp"

#include <map>
#include <optional>
#include <vector>

namespace interswarm::ed2k {

/// Who waits for an upload slot and who has one: the etiquette of eMule's upload queue as a plain
/// class. Scores are waiting time alone: credits need secure identification, which we do not
/// announce.
class upload_queue {
public:
  struct client {
    md4_digest user_hash{};
    /// Where it listens; port 0 when it cannot be dialled.
    endpoint contact;
    md4_digest file{};
  };
  enum class answer : std::uint8_t {
    /// It has a slot now: send ACCEPTUPLOADREQ.
    accepted,
    /// It waits: send its rank.
    queued,
    /// The queue is full, or its address has enough clients in it.
    full,
    banned,
  };
  struct verdict {
    answer what = answer::full;
    /// 1 is next; 0 unless `queued`.
    std::uint16_t rank = 0;
  };

  explicit upload_queue(std::size_t slots) : slots_(slots) {}

  /// STARTUPLOADREQ: a client asks, for the first time or again. Asking for another file moves it
  /// to that file. `may_start` false keeps it waiting even when a slot is free (proof data still
  /// being computed).
  verdict ask(const client& who, bool may_start, instant now);
  /// The waiting client with the highest score, now with a slot; nothing when no slot is free or
  /// nobody waits. Only clients for which `ready(client)` holds are taken.
  template <class Ready>
  std::optional<client> promote(instant now, Ready ready) {
    if (uploading() >= slots_) return std::nullopt;
    entry* best = nullptr;
    for (auto& [key, e] : entries_) {
      if (e.uploading || !ready(e.who)) continue;
      if (best == nullptr || e.since < best->since) best = &e;
    }
    if (best == nullptr) return std::nullopt;
    start(*best, now);
    return best->who;
  }
  /// Payload went to a client with a slot.
  void sent(const md4_digest& user, std::uint64_t count);
  /// Whether its session must end because others wait and it had its share.
  bool session_over(const md4_digest& user, instant now) const;
  /// Ends a session; the client waits again at the end of the queue.
  void requeue(const md4_digest& user, instant now);
  /// Forgets a client: it cancelled, broke the protocol or could not be reached.
  void leave(const md4_digest& user);
  bool has_slot(const md4_digest& user) const;
  bool is_banned(const md4_digest& user, instant now) const;
  /// 1 is next; 0 when it does not wait.
  std::uint16_t rank(const md4_digest& user) const;
  /// The client of that address that waits for `file` (a re-ask over UDP tells no user hash).
  std::optional<md4_digest> find_waiting(const ip_address& address, const md4_digest& file) const;
  /// It still waits: its lease begins anew.
  void touch(const md4_digest& user, instant now);
  /// Drops clients that did not ask for an hour, and old bans.
  void expire(instant now);

  std::size_t waiting() const { return entries_.size() - uploading_; }
  std::size_t uploading() const { return uploading_; }

private:
  struct entry {
    client who;
    instant since{};
    instant asked_at{};
    bool uploading = false;
    instant started{};
    std::uint64_t sent_bytes = 0;
    // Ask counter of the current flood window.
    instant window_from{};
    std::size_t asks = 0;
  };

  void start(entry& e, instant now);
  bool flooding(entry& e, instant now);
  std::size_t queued_from(const ip_address& address) const;

  std::size_t slots_;
  std::size_t uploading_ = 0;
  std::map<md4_digest, entry> entries_;
  std::map<md4_digest, instant> banned_;
};

} // namespace interswarm::ed2k
