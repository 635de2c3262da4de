@0xb1e6f2a3c4d59606;
# The storage network: nodes that keep contents cut into chunks of 4 MiB.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";
using Overlay = import "overlay.capnp";
using Source = import "source.capnp";

# A chunk's name (32 bytes) is the BEP 52 subtree root over its bytes, as wide as 256 leaves of 16 KiB also where the
# content ends before that. So a chunk is checked alone, and a content's chunk names hash up to its content id.
#
# A holder (1 to 64 bytes, such as a content id) is who wants a chunk kept. A chunk that nobody holds is removed after
# the node's time of grace.

enum ChunkCondition {
  good @0;
  damaged @1;      # the disk has other bytes than were stored
  lost @2;         # it is not where it was put
}

struct ChunkState {
  name @0 :Data;
  size @1 :UInt32;
  storedAt @2 :Int64;      # Unix seconds
  checkedAt @3 :Int64;     # when all its bytes were last read and hashed
  condition @4 :ChunkCondition;
  unheldSince @5 :Int64;   # Unix seconds; 0 while somebody holds it
}

struct StorageState {
  id @0 :Text;             # unique in the cluster
  domain @1 :Text;         # what fails together with this node
  quotaBytes @2 :UInt64;
  usedBytes @3 :UInt64;
  chunks @4 :UInt64;
  badChunks @5 :UInt64;    # damaged or lost
  oldestCheck @6 :Int64;   # Unix seconds: no good chunk was checked before; 0 without chunks
  givenBytes @7 :UInt64;   # of chunks, since its process began
}

interface StorageNode {
  # Every byte that goes in or out was hashed against its chunk's name on the way, unless `get` is told that its caller
  # does that. All methods may fail `io` when the disk does, and `overloaded` when too much is in work at this node.

  stat @0 () -> (state :StorageState);

  put @1 (name :Data, data :Data, holder :Data) -> ();
  # Stores a chunk of 1 to 4,194,304 bytes. It is safe when this returns; a damaged or lost one is replaced, one that is
  # there is only held. Fails `refuted` when the bytes have another name, `noRoom` when the quota or the disk is full.

  hold @2 (names :List(Data), holder :Data) -> (missing :List(Data));
  # Holds those that are here and good; the others have to be put. At most 10,000 names.

  get @3 (name :Data, range :Content.Range, whole :Bool, unchecked :Bool) -> (data :Data);
  # Bytes `range` of the chunk, or all of it. Fails `notFound`; `refuted` when the disk has other bytes than were stored: another node's copy is wanted.
  # `unchecked`: as the disk has them. The caller hashes them, by the chunk's name or `leaves`, and asks for `scrub` when they are wrong.

  find @4 (names :List(Data)) -> (chunks :List(ChunkState));
  # Those of the names that this node knows, good or not. At most 10,000 names.

  release @5 (holder :Data) -> (count :UInt64);
  # The holder wants none of its chunks any more; gives how many it held here.

  remove @6 (names :List(Data)) -> ();
  # Nobody wants these here any more, whoever holds them elsewhere: they moved. At most 10,000 names.

  list @7 (after :Data, limit :UInt32) -> (chunks :List(ChunkState));
  # In order of name, those after `after` (empty: from the beginning). At most 10,000.

  holders @8 (after :Data, limit :UInt32) -> (holders :List(Data));
  # In order, those after `after`. At most 10,000.

  bad @9 (limit :UInt32) -> (chunks :List(ChunkState));
  # Damaged and lost ones: what a repair puts again. At most 10,000.

  scrub @10 (name :Data) -> (condition :ChunkCondition);
  # Reads and hashes the whole chunk now. Fails `notFound`.

  leaves @11 (name :Data) -> (leaves :Data);
  # The BEP 52 leaf hashes of the chunk's bytes, 32 bytes for each 16 KiB begun: they hash up to its name, and by them
  # a part of it is checked. Fails as `get` does.
}

struct MemberState {
  state @0 :StorageState;
  presence @1 :Presence;
  node @2 :StorageNode;    # null while it is not connected
}

enum Presence {
  here @0;
  away @1;         # silent: read last, nothing new is put there
  gone @2;         # silent for so long that its chunks get new homes
}

struct StoredContent {
  # What is needed to read a content from the storage network.
  record @0 :Content.NameRecord;   # with size and content id
  chunks @1 :Data;                 # the names of its chunks (32 bytes each), in order: BEP 52 layer of 4 MiB
}

interface StorageNetwork {
  # All storage nodes together, as one process sees them.

  join @0 (node :StorageNode) -> (membership :Overlay.Registration);
  # Takes the node in until the membership is dropped. Fails `conflict` while another node with its id answers.

  put @1 (name :Data, data :Data, holder :Data) -> (copies :UInt8);
  # Stores copies on nodes of different domains, as many as the network is told to keep; where a node is full or fails
  # the next one in the chunk's order takes its place. Fails `noRoom` or `unavailable` when fewer than the least
  # number of copies could be stored.

  chunk @2 (name :Data) -> (data :Data);
  # The whole chunk, hashed against its name here, from a cache or the node that answers first. Fails `notFound` when
  # no node has it, `refuted` when only damaged copies are left, `unavailable`.

  open @3 (content :StoredContent) -> (source :Source.Source);
  # Fails `malformed` when size, chunk names and content id do not belong together.

  members @4 () -> (members :List(MemberState), copies :UInt8);

  hold @5 (names :List(Data), holder :Data) -> (missing :List(Data));
  # Holds the chunks where they belong, and gives those of which fewer than the least number of copies are there: they
  # have to be put. At most 10,000 names.

  release @6 (holder :Data) -> (count :UInt64);
  # The holder wants none of its chunks any more, on any node that is there; gives how many copies it held. A node that
  # is away keeps them until it is told.

  part @7 (name :Data, range :Content.Range) -> (data :Data);
  # Bytes of the chunk, hashed here against its leaves, without the rest of it being read or kept. `range` begins where a
  # leaf of 16 KiB does and ends where one does or the chunk. Fails `malformed` for another, else as `chunk` does.

  expect @8 (ids :List(Text)) -> ();
  # The cluster has told of storage nodes with these ids. `put` and `hold` wait for those that have never joined, each
  # as long as a silent node is taken to be there: with some of its nodes only, the network would put chunks where they
  # do not belong.
}

struct RepairWork {
  # Of the pass under way, or of the last one.
  contents @0 :UInt64;       # looked at
  chunks @1 :UInt64;
  missingCopies @2 :UInt64;  # copies that were not where they belong
  madeCopies @3 :UInt64;
  movedBytes @4 :UInt64;
  removedCopies @5 :UInt64;  # that were where they do not belong
  lostChunks @6 :UInt64;     # of which no good copy was found
  running @7 :Bool;
  passes @8 :UInt64;         # finished since the start
  note @9 :Text;             # one line: what went wrong last, empty while all is well
}

interface Repair {
  # Brings every chunk of every wanted content to where it belongs, in as many copies as are to be kept.

  state @0 () -> (state :RepairWork);
  run @1 () -> ();
  # Begins a pass now, or another one after the one under way.
}
