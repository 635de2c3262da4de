@0xb1e6f2a3c4d59603;
# An overlay's face: how one P2P system sees us. Tracker (its own, or a registrar at somebody else's) and peer.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";
using Source = import "source.capnp";

struct PeerAddress {
  # One party of a swarm as its overlay's tracker names it. Stays inside that overlay.
  endpoint @0 :Content.Endpoint;
  id @1 :Data;
  # Overlay's own: peer id, user hash, or a low id (4 bytes, with an empty endpoint).
}

struct SwarmStatus {
  name @0 :Content.Name;
  sources @1 :UInt32;
  # Parties with the whole content, ourselves not counted.
  seekers @2 :UInt32;
  # Parties that want it.
  completed @3 :UInt32;
  known @4 :Bool;
  # False: this tracker never heard of the name.
}

interface Tracker {
  # The swarm directory of one overlay: our own tracker or server, or a registrar that speaks to a foreign one.

  announce @0 (record :Content.NameRecord, left :UInt64) -> (lease :Registration);
  # Enters the overlay's peer of this node as a party of the swarm, under its own address, and keeps it entered until
  # the registration is dropped. `left` bytes are missing (0: a seed). Fails `denied` when the tracker refuses the name.

  find @1 (name :Content.Name, want :UInt16) -> (peers :List(PeerAddress), status :SwarmStatus);
  # At most `want` parties; never ourselves.

  scrape @2 (names :List(Content.Name)) -> (status :List(SwarmStatus));
  # One entry a name, in order. At most 74.

  watch @3 (listener :DemandListener) -> (watching :Registration);
  # Tells `listener` of names that are sought and lack sources: at our own tracker any name; at a foreign one the
  # names given to `follow`.

  follow @4 (names :List(Content.Name)) -> ();
  # Replaces the set of names a registrar scrapes. Our own tracker needs none and ignores it.
}

interface DemandListener {
  demand @0 (status :SwarmStatus) -> ();
  # Repeated while the demand lasts, at most once a name in 5 s.
}

interface Registration {
  # Holding it keeps something in force; the last handle gone ends it.
  check @0 () -> (inForce :Bool, note :Text);
  # `note`: one line for people, such as the tracker's last answer.
}

interface Peer {
  # Our party in one overlay: gives sources to its clients and takes contents from them.

  serve @0 (record :Content.NameRecord, source :Source.Source, tracker :Tracker) -> (serving :Serving);
  # Offers `source` to the overlay's clients under `record.name`, speaking the overlay's protocol to the letter.
  # Nothing is read from `source` before a client asks. Every byte is checked under that name's own hashes before it
  # leaves. Missing proof data (an ed2k part hash set) is computed by reading the source once, when first needed.
  # `tracker` (may be null) names the seekers: where the overlay lets a party with content dial those who want it
  # (BitTorrent does), they are dialled at once and again every minute, so that nobody waits for their next announce.
  # Fails `malformed` when the record lacks what the overlay cannot do without, `denied` for a forbidden content.

  fetch @1 (record :Content.NameRecord, tracker :Tracker) -> (source :Source.Source);
  # A source that takes the content from the overlay's clients, found through `tracker` and the overlay's own
  # exchange. Returns at once; nothing is fetched before it is read.

  describe @2 () -> (overlay :Text, listen :List(Content.Endpoint), id :Data);
}

interface Serving {
  # A content on offer; dropped with its last handle.
  status @0 () -> (status :ServingState);
}

struct ServingState {
  clients @0 :UInt32;
  # Connected now.
  bytesSent @1 :UInt64;
  # Payload given to clients since `serve`.
  idleMs @2 :UInt64;
  # Since a client last asked for a byte.
  completed @3 :UInt32;
  # Clients seen to hold all of it.
}
