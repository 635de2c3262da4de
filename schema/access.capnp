@0xb1e6f2a3c4d59609;
# The access service: for the trackers of other systems and for clients with rights of their own.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";
using Source = import "source.capnp";
using Overlay = import "overlay.capnp";
using Bridging = import "bridge.capnp";
using Service = import "service.capnp";

interface AccessService {
  # What a party gets for its token. All of it, what was obtained through it included, ends at once with `denied` when
  # the party is revoked. Each method fails `denied` without the right to it; a content that the party may not have is
  # told like one that does not exist: `notFound`.

  describe @0 () -> (party :Service.Party);

  lookup @1 (name :Content.Name) -> (records :List(Content.NameRecord));
  # The content's names in the party's overlays and in the storage network, with proof data.

  search @2 (query :Service.Query, before :Int64, limit :UInt32) -> (publications :List(Service.Publication));
  # Newest first, those before the publication `before` (0: from the newest on). A page may hold fewer than there were
  # asked for: those that the party may not have are left out. The last page is empty.

  newest @3 (limit :UInt32) -> (records :List(Content.NameRecord));
  # Names of open contents in the party's overlays, without proof data: what its tracker can announce.

  open @4 (contentId :Data) -> (source :Source.Source, publication :Service.Publication);

  listen @5 (bridge :Bridging.Bridge) -> (listening :Overlay.Registration);
  # Messages for this party go to `bridge` while the registration is held; a later one, at whichever access node, takes
  # its place.

  send @6 (to :Text, message :Bridging.Message) -> (reply :Bridging.Reply);
  # Hands another party, at whichever access node it listens, a message: find, names, publish, status. Its `domain` is
  # this party's name, whatever is written there. It is handed over once at most: what fails may have arrived. Fails
  # `unavailable` when that party listens at no access node that answers, `tooLarge` and `overloaded` when this party
  # sends too much, and as the receiver does.

  accounts @7 (tenant :Text) -> (accounts :Service.Accounts);
  # What this party took, for ""; else all that concerns that tenant, which is the one named by the party's `account`.
}
