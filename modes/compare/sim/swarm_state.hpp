#pragma once

#include "modes/compare/sim/pieces.hpp"
#include "modes/compare/sim/transport.hpp"

#include <utility>
#include <vector>

/// What the swarm model remembers.
namespace interswarm::compare {

using member_id = std::uint32_t;
using swarm_id = std::uint32_t;
using download_id = std::uint32_t;

/// A party of one swarm: a peer that has or fetches the content, or a server that gives what it
/// reads from elsewhere.
struct member {
  node_id node = 0;
  swarm_id swarm = 0;
  piece_set have = 0;
  /// Of that, what it can give.
  piece_set gives = 0;
  /// Among swarm::here; `nobody` while it is offline.
  std::uint32_t place = nobody;
  /// The next one of the same node.
  member_id next = nobody;
  download_id fetching = nobody;
  /// Among the servers' shelves.
  std::uint32_t shelf = nobody;
  bool whole = false;
  bool gone = false;
};

/// All parties of one content in one overlay.
struct swarm {
  overlay_id overlay = 0;
  content_id content = 0;
  /// Bytes that a party has to have together before it can prove, and so give, any of them; 0: a
  /// piece.
  std::uint64_t unit = 0;
  /// Peers that are online.
  std::vector<member_id> here;
  /// How many of them have all of it.
  std::uint32_t seeds = 0;
  std::uint32_t completed = 0;
  /// Downloads that are not over, of peers that are online.
  std::vector<download_id> seekers;
  /// The overlay's bridge or access node, while it serves this.
  member_id server = nobody;
  /// How many of `here` without all of it have each piece or are fetching it. In reality pieces are
  /// many and two peers seldom begin the same one by chance; here they are few, so a piece that is
  /// on its way counts as one that is there.
  std::vector<std::uint32_t> spread;
};

/// One download's way to one party that gives.
struct connection {
  enum class state : std::uint8_t { closed, connecting, open };
  state now = state::closed;
  std::uint8_t piece = 0;
  member_id source = nobody;
  transfer_id moving = nobody;
  /// When the giver took it up.
  moment since = 0;
  /// Of a server: pieces that it is reading for this, and that it has read.
  piece_set asked = 0;
  piece_set ready = 0;
  std::uint32_t stamp = 0;
};

/// A piece that was begun and is not whole.
struct begun_piece {
  std::uint8_t piece = 0;
  /// Transfers under way, or asked of a server.
  std::uint8_t flying = 0;
  /// Bytes that nobody is asked for.
  std::uint64_t left = 0;
  /// Bytes that a server is asked for and does not send yet.
  std::uint64_t pledged = 0;
  moment since = never; // its first bytes
};

/// Told of what a server itself fetches from a swarm.
class fetch_watcher {
public:
  virtual void fetched(download_id d, std::uint32_t piece) = 0;

protected:
  ~fetch_watcher() = default;
};

struct download {
  bool alive = false;
  /// Its peer is online.
  bool runs = false;
  bool in_order = false;
  /// Rises each time the number is used again or it is interrupted.
  std::uint32_t stamp = 0;
  std::uint32_t request = nobody;
  node_id node = 0;
  member_id self = 0;
  std::uint32_t place = nobody; // among swarm::seekers
  fetch_watcher* watcher = nullptr;
  piece_set wanted = 0;
  /// Of those, what comes before the rest.
  piece_set urgent = 0;
  piece_set begun = 0;
  std::vector<begun_piece> parts;
  std::vector<connection> connections;
  /// Parties that the tracker told, and those whose turn it waits for.
  std::vector<member_id> known;
  std::vector<member_id> waits;
  std::uint64_t received = 0;
  moment progress_at = 0;
  std::uint32_t refusals = 0;
  std::uint32_t in_use = 0; // connections
  bool looks = false;
};

/// A party as a giver.
struct giving {
  struct taker {
    download_id d = 0;
    std::uint32_t connection = 0;
  };
  struct waiter {
    download_id d = 0;
    std::uint32_t stamp = 0;
    member_id of = 0;
  };
  std::vector<taker> takers;
  std::vector<waiter> waiting;
  bool turns = false; // somebody's turn will end
  bool queued = false;
};

/// Gives a server's party what it has to read first.
class supplier {
public:
  /// A client wants piece `p` of the server's party `m`. True: it is here. Else `swarms::supplied`
  /// tells when it is.
  virtual bool wanted(member_id m, std::uint32_t p) = 0;

protected:
  ~supplier() = default;
};

/// What a server serves of one content.
struct shelf {
  struct asker {
    std::uint8_t piece = 0;
    std::uint32_t connection = 0;
    download_id d = 0;
    std::uint32_t stamp = 0;
  };
  supplier* from = nullptr;
  std::vector<asker> askers;
};

} // namespace interswarm::compare
