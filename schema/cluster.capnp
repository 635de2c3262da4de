@0xb1e6f2a3c4d59608;
# A cluster: the processes of one operator that together store, publish and give contents.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Bridging = import "bridge.capnp";
using Service = import "service.capnp";
using Storage = import "storage.capnp";

enum Role {
  storage @0;    # keeps chunks
  service @1;    # names, publishes, repairs; has the catalogue
  access @2;     # gives contents to the overlays, over HTTP and RPC
}

struct Door {
  # Where clients find an access node, in that overlay's own words.
  overlay @0 :Text;      # "bittorrent", "ed2k", "http"
  address @1 :Text;      # a tracker's announce URL, "host:port" of a peer, an HTTP URL
  kind @2 :Text;         # what is there: "tracker", "server", "peer"; "content" for HTTP
}

struct Member {
  id @0 :Text;           # unique in the cluster; with TLS its certificate's name
  address @1 :Text;      # "host:port" of its RPC listener as the others reach it
  roles @2 :List(Role);
  doors @3 :List(Door);
  instance @4 :UInt64;   # random at each start: tells a restart from a second node with the same id
  beat @5 :UInt64;       # grows while the process lives
}

interface Cluster {
  # One member as the others see it.

  exchange @0 (members :List(Member)) -> (members :List(Member));
  # The caller first. Both sides know afterwards what either knew. Fails `conflict` when another living process has the
  # caller's id, `tooLarge` beyond 1000 members.

  storage @1 () -> (node :Storage.StorageNode);
  # Fails `unimplemented` without that role.

  catalogue @2 () -> (catalogue :Service.Catalogue);
  # Fails `unimplemented` without that role.

  copies @3 () -> (copies :UInt8, leastCopies :UInt8);
  # How many copies of each chunk this member is told to keep: all of a cluster must agree.

  post @4 () -> (post :PartyPost);
  # Fails `unimplemented` without the access role.
}

interface PartyPost {
  # One access node's parties, for the messages that others' parties send them. Nothing is passed on from here.

  where @0 (party :Text) -> (listens :Bool);
  # Whether it listens at this access node.

  deliver @1 (fromParty :Text, tokenHash :Data, to :Text, message :Bridging.Message) -> (reply :Bridging.Reply);
  # The sender's name and the SHA-256 of its token: it is looked up here, too. Fails `denied` for a sender that was
  # revoked, `notFound` when `to` listens here no more, `overloaded` when too many are in work, and as the receiver does.

  moved @2 (party :Text, since :Int64) -> ();
  # It listens at the caller since then (Unix milliseconds): whatever listens here for longer is dismissed.
}

struct ClusterState {
  members @0 :List(Member);
  storage @1 :List(Storage.MemberState);
  copies @2 :UInt8;
  repair @3 :Storage.RepairWork;    # of this node, when it has the service role
  leader @4 :Text;                  # the member that repairs
}
