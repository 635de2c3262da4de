@0xb1e6f2a3c4d59605;
# One process: what a connection gets first, and what the client commands use.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";
using Source = import "source.capnp";
using Access = import "access.capnp";
using Bridging = import "bridge.capnp";
using Clustering = import "cluster.capnp";
using Service = import "service.capnp";

interface Node {
  # The bootstrap capability of a connection. Who the other side is follows from its TLS certificate, or from being
  # on a loopback connection.

  hello @0 (domain :Text, version :UInt32) -> (domain :Text, version :UInt32, session :Session);
  # Opens the session that the caller has a right to. Fails `denied` for an unknown party.
}

interface Session {
  # All that is obtained through a session ends with it.

  bridge @0 (mine :Bridging.Bridge) -> (bridge :Bridging.Bridge);
  # Joins two bridges; each may call the other until the connection ends. Fails `unimplemented` without bridge mode.

  control @1 () -> (control :Control);
  # For the operator's own commands. Fails `denied` for other parties.

  cluster @2 () -> (cluster :Clustering.Cluster);
  # For the other processes of the cluster. Fails `denied` for other parties, `unimplemented` without SOA mode.

  storageService @3 (tenant :Text) -> (service :Service.StorageService);
  # For a content provider: with a certificate `tenant` is its name there, or empty. This machine's operator may act for
  # any tenant. Fails `denied`, `unimplemented` at a node without the service role.

  login @4 (token :Text) -> (access :Access.AccessService);
  # For trackers and clients with rights of their own. Fails `denied`, `unimplemented` at a node without the access role.
}

struct ImportState {
  doneBytes @0 :UInt64;
  totalBytes @1 :UInt64;
  finished @2 :Bool;
  failure @3 :Text;        # one line, empty while all is well
  records @4 :List(Content.NameRecord);   # every name, when finished
  note @5 :Text;           # one line: what it waits for, while nothing moves
}

interface Import {
  # Work in progress; dropping it cancels.
  progress @0 (afterBytes :UInt64, waitMs :UInt32) -> (progress :ImportState);
}

struct Gateway {
  name @0 :Content.Name;
  uri @1 :Text;
  fromDomain @2 :Text;
  fromOverlay @3 :Text;
  toOverlay @4 :Text;
  verifiedBytes @5 :UInt64;
  clients @6 :UInt32;
  note @7 :Text;
}

interface Control {
  # What the client commands call.

  link @0 (records :List(Content.NameRecord)) -> (records :List(Content.NameRecord));
  # Declares that all names are the same content. Fails `conflict` when sizes or hashes say otherwise, `refuted` when
  # it was tried before and found false.

  names @1 (name :Content.Name, all :Bool, limit :UInt32) -> (records :List(Content.NameRecord));
  # All names of the content that `name` names, refuted ones included; with `all` every record, newest first.

  import @2 (record :Content.NameRecord) -> (work :Import);
  # Fetches the content once from its overlay, computes every name and publishes them.

  fetch @3 (record :Content.NameRecord) -> (source :Source.Source);
  # A verified source over the best overlay, for a client command or a remote reader.

  status @4 () -> (domains :List(Bridging.DomainStatus), gateways :List(Gateway));
  ledger @5 (sinceMs :Int64, limit :UInt32, untilMs :Int64, after :Data)
      -> (entries :List(Bridging.LedgerEntry), next :Data);
  # What ended from `sinceMs` on and before `untilMs` (0: up to now), oldest first. `next` goes into the next call's
  # `after`; it is empty at the end. Fails `malformed` for another `after`.

  search @6 (words :Text, limit :UInt32) -> (records :List(Content.NameRecord));
  stop @7 () -> ();
  # Ordered shutdown, as SIGTERM.

  parties @9 () -> (parties :List(Service.Party));
  addParty @10 (party :Service.Party) -> (token :Text);
  revokeParty @11 (name :Text) -> ();
  # As those of `Catalogue`.

  accounts @12 (tenant :Text) -> (accounts :Service.Accounts);
  # As that of `Catalogue`. Fails `unimplemented` without SOA mode.

  cluster @8 () -> (state :Clustering.ClusterState);
  # Fails `unimplemented` without SOA mode.
}
