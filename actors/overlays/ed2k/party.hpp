#pragma once

#include "actors/overlays/ed2k/instant.hpp"
#include "actors/overlays/ed2k/source_book.hpp"
#include "schema/base/result.hpp"
#include "schema/ed2k/client_file.hpp"
#include "schema/ed2k/frame.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace interswarm::ed2k {

class client_session;

using blocks_callback = std::function<void(result<std::vector<slice>>)>;

/// A content that clients may take from us, as their sessions see it. All on one loop's thread.
class upload_file {
public:
  virtual const md4_digest& hash() const = 0;
  virtual std::uint64_t size() const = 0;
  virtual const std::string& title() const = 0;
  /// What can be given now; nothing while that is being found out, and then the hub's `poke`
  /// follows.
  virtual const std::optional<part_status>& status() = 0;
  /// As it goes over the wire; null while it is computed, and then the hub's `poke` follows.
  virtual const std::vector<md4_digest>* hash_set() = 0;
  virtual const std::optional<sha1_digest>& aich_root() const = 0;
  /// Leaves of the whole file, or empty.
  virtual const std::vector<sha1_digest>& aich_leaves() const = 0;
  /// Blocks can be given: the hash set is known and the content was not refuted.
  virtual bool ready() = 0;
  /// The bytes proved not to be what the name says: nobody may ask for it any more.
  virtual bool refuted() const = 0;
  /// Verified bytes of `range`; the callback may come at once.
  virtual void read(const byte_range& range, blocks_callback done) = 0;
  virtual void prefetch(std::uint64_t part) = 0;
  virtual void asked() = 0;
  /// Those bytes were given to a client.
  virtual void sent(const byte_range& block) = 0;
  virtual void client_completed() = 0;

protected:
  ~upload_file() = default;
};

/// A download as the sessions with its sources see it.
class download_party {
public:
  virtual const md4_digest& hash() const = 0;
  /// The source that a client dialling in is, if any.
  virtual std::optional<source_id> recognise(const md4_digest& user, client_id id,
                                             const endpoint& contact) const = 0;
  /// The hellos were exchanged: it may ask the client.
  virtual void session_ready(source_id source, client_session& session) = 0;
  /// False when the client is of no more use to this download.
  virtual bool session_frame(source_id source, client_session& session, const frame& packet) = 0;
  /// Whether blocks were requested that have not come.
  virtual bool session_busy(source_id source) const = 0;
  /// It may request blocks now: see client_session::take_turn.
  virtual void session_turn(source_id source) = 0;
  /// Also when it could not be connected.
  virtual void session_closed(source_id source) = 0;
  virtual void tick(instant now) = 0;

protected:
  ~download_party() = default;
};

} // namespace interswarm::ed2k
