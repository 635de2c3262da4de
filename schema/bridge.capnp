@0xb1e6f2a3c4d59604;
# What bridges say to each other, in one unified form that no overlay's wire knows.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";
using Source = import "source.capnp";
using Overlay = import "overlay.capnp";

struct Message {
  id @0 :UInt64;
  # Chosen at random by the first sender; a bridge handles one id once.
  hops @1 :UInt8;
  # Bridges passed. A message at `maxHops` is not passed on.
  domain @2 :Text;
  # First sender's domain.
  union {
    find @3 :Find;
    names @4 :Names;
    publish @5 :Publish;
    status @6 :Void;
    settle @7 :List(LedgerEntry);
    # Ledger entries of the sender about traffic with the receiver, for comparison.
  }
}

const maxHops :UInt8 = 4;

struct Find {
  # A swarm of `seeking` wants this content.
  records @0 :List(Content.NameRecord);
  # The content's names as the asker knows them, the sought one first.
  seeking @1 :Text;
  want @2 :UInt16;
  # Offers at most.
  ownSwarm @3 :Bool;
  # The sought name's own swarm may deliver too: the bytes are for an import or an operator, not for that swarm.
}

struct Names {
  # "What else is this called?"
  names @0 :List(Content.Name);
}

struct Publish {
  records @0 :List(Content.NameRecord);
}

struct Offer {
  # One overlay that can deliver the content, and the way to it.
  domain @0 :Text;
  overlay @1 :Text;
  record @2 :Content.NameRecord;
  sources @3 :UInt32;
  bytesPerSecond @4 :UInt64;
  # Measured; 0 = never measured.
  load @5 :Float32;
  # 0 idle … 1 full.
  pricePerGiB @6 :Float64;
  source @7 :Source.Source;
  # Lazy: nothing moves until it is read.
  names @8 :List(Content.NameRecord);
  # All names of the content as the giver knows them, with proof data, the sought one included.
  receipt @9 :Data;
  # 16 random bytes chosen by the giver: both ends enter what crosses through `source` in their ledger under it.
  tenant @10 :Text;
  # Whose content it is in the giver's domain, for both ledgers; empty where nobody published it.
}

struct OverlayStatus {
  overlay @0 :Text;
  link @1 :Bool;           # the overlay's tracker answers
  swarms @2 :UInt32;
  parties @3 :UInt32;
  serving @4 :UInt32;
  fetching @5 :UInt32;
  load @6 :Float32;
  bytesPerSecond @7 :UInt64;
  storedBytes @8 :UInt64;
  note @9 :Text;
}

struct DomainStatus {
  domain @0 :Text;
  alive @1 :Bool;
  roundTripUs @2 :UInt32;
  overlays @3 :List(OverlayStatus);
}

struct Reply {
  union {
    unknown @0 :Void;
    # This bridge cannot help.
    offers @1 :List(Offer);
    records @2 :List(Content.NameRecord);
    accepted @3 :UInt32;
    # Records or entries taken.
    status @4 :DomainStatus;
  }
}

interface Bridge {
  handle @0 (message :Message) -> (reply :Reply);
  # The one entrance. Fails `overloaded` when too many messages are in work.
}

struct LedgerEntry {
  # Verified bytes that crossed, counted on the data path. Equal entries at both ends share `receipt`.
  receipt @0 :Data;        # 16 bytes, random: one a gateway session
  fromDomain @1 :Text;
  fromOverlay @2 :Text;
  toDomain @3 :Text;
  toOverlay @4 :Text;
  contentName @5 :Content.Name;   # the sought name
  tenant @6 :Text;
  bytes @7 :UInt64;        # delivered and verified, so far
  firstAt @8 :Int64;       # Unix milliseconds
  lastAt @9 :Int64;
  role @10 :Role;
  enum Role { giver @0; taker @1; }
}
