@0xb1e6f2a3c4d59607;
# The services around the storage network: for content providers, and for those who take contents from it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";
using Bridging = import "bridge.capnp";
using Source = import "source.capnp";
using Storage = import "storage.capnp";

struct Property {
  # Such as duration, codec, language, tag; a key may come several times.
  key @0 :Text;
  value @1 :Text;
}

struct Publication {
  # A content as one tenant published it.
  id @0 :Int64;              # grows with every new one; 0 before it is entered
  contentId @1 :Data;        # 32 bytes; empty before it was hashed
  size @2 :UInt64;
  tenant @3 :Text;
  title @4 :Text;            # a file name for people
  mediaType @5 :Text;        # as in HTTP: "video/mp4"
  properties @6 :List(Property);
  series @7 :Text;           # where the same tenant's next content takes this one's place
  open @8 :Bool;             # everybody may have it; else only who shows a right to it
  publishedAt @9 :Int64;     # Unix seconds
  expires @10 :Int64;        # Unix seconds, 0 = never
}

struct Query {
  # Which publications a listing gives; an empty part asks for nothing.
  words @0 :Text;            # all of them in the title, the last one as a beginning
  tenant @1 :Text;
  mediaType @2 :Text;        # its beginning: "video/"
  property @3 :Property;
  openOnly @4 :Bool;
}

struct PublishState {
  doneBytes @0 :UInt64;      # taken in order: where an upload that was interrupted goes on
  totalBytes @1 :UInt64;     # `unknownSize` until it is known
  storedBytes @2 :UInt64;    # in chunks that are safe, in all their copies
  finished @3 :Bool;
  failure @4 :Text;          # one line, empty while all is well
  note @5 :Text;             # one line: what it waits for
  publication @6 :Publication;             # when finished
  records @7 :List(Content.NameRecord);    # every name, when finished
  links @8 :List(Link);      # where clients get it, when finished
}

struct Link {
  # How people hand a content on: a magnet link with our trackers, an ed2k:// link with our peers, an HTTP URL.
  overlay @0 :Text;
  text @1 :Text;
}

interface Publishing {
  # Work in progress; it goes on for a while when its last handle is gone, so that a provider whose connection broke can
  # come back to it.
  progress @0 (afterBytes :UInt64, waitMs :UInt32) -> (progress :PublishState);
  # Answers when more than `afterBytes` were taken, when it has finished, or after `waitMs`.

  cancel @1 () -> ();
  # What was stored for it is given up.
}

interface Upload {
  # A content that its provider sends, from its beginning on.
  put @0 (offset :UInt64, data :Data) -> ();
  # At most 4,194,304 bytes. Answered when they were taken, so that a provider keeps pace by the answers; several may be
  # on their way. Fails `conflict` when bytes between the last ones and `offset` are missing, `overloaded` when too many
  # are on their way; bytes that were taken before are passed over. Fails as the storage network does.

  finish @1 (size :UInt64) -> ();
  # All was sent. The outcome comes with `progress`.

  publishing @2 () -> (work :Publishing, id :Data);
  # `id` is what `resume` wants: keep it to yourself.
}

struct OriginServer {
  server @0 :Text;         # "https://host:port"
  health @1 :Health;
  lastError @2 :Text;      # one line; empty when it never failed
  inFlight @3 :UInt32;     # requests
  bytes @4 :UInt64;        # taken since the start
  bytesPerSecond @5 :UInt64;
  failures @6 :UInt64;

  enum Health {
    up @0;
    failing @1;    # tried again after a wait
    down @2;       # failed several times in a row
  }
}

struct Period {
  since @0 :Int64;           # Unix seconds
  until @1 :Int64;           # the first second behind it; 0: now
}

struct Delivery {
  # Bytes of content that one access node gave to clients within one hour, counted each time they were sent.
  receipt @0 :Data;          # 16 bytes, random: one a count. Of what is entered again the larger byte count stays.
  node @1 :Text;             # the access node's domain
  overlay @2 :Text;          # by which it was sent: "bittorrent", "ed2k", "http", "rpc"
  contentId @3 :Data;
  tenant @4 :Text;           # who pays: the first of those whose publications allowed it
  party @5 :Text;            # of the access service, that took it; empty where nobody logged in
  bytes @6 :UInt64;          # so far
  hour @7 :Int64;            # its first second (Unix)
  firstAt @8 :Int64;         # Unix milliseconds
  lastAt @9 :Int64;
}

struct Keeping {
  # How long a content was kept for one of its publishers.
  id @0 :Int64;              # grows with every new one
  tenant @1 :Text;
  contentId @2 :Data;
  size @3 :UInt64;
  began @4 :Int64;           # Unix seconds
  ended @5 :Int64;           # 0: it goes on
}

struct OverlayBytes {
  overlay @0 :Text;
  bytes @1 :UInt64;
}

struct Account {
  # What one tenant or party is charged for, in a period.
  kind @0 :Kind;
  name @1 :Text;
  byteSecondsHigh @2 :UInt64;         # of 128 bits: size x seconds, of all that was kept for the tenant
  byteSecondsLow @3 :UInt64;
  served @4 :List(OverlayBytes);      # the tenant's, by whomever they were taken; what the party took
  storedBytes @5 :UInt64;             # now, as StorageService.usage has it
  publications @6 :UInt64;
  quotaBytes @7 :UInt64;

  enum Kind { tenant @0; party @1; }
}

interface Accounts {
  # Everybody's, what concerns one tenant, or what one party took: then there are no tenants and no keepings. A page has at
  # most 10,000 entries (`limit` 0 means that many).

  list @0 (period :Period, kind :Account.Kind, after :Text, limit :UInt32) -> (accounts :List(Account));
  # In order of name, those behind `after`. A delivery counts in the period in which its hour begins.

  deliveries @1 (period :Period, after :Data, limit :UInt32) -> (deliveries :List(Delivery), next :Data);
  # In order of hour and receipt. `next` goes into the next call's `after`; it is empty at the end. Fails `malformed` for
  # another `after`.

  keepings @2 (period :Period, after :Int64, limit :UInt32) -> (keepings :List(Keeping));
  # Those that have time in the period, in order of id, behind `after`.
}

interface StorageService {
  # For one content provider (a tenant): everything happens in its name.

  publish @0 (draft :Publication, size :UInt64, identity :Data) -> (upload :Upload);
  # Title, media type, properties, series, openness and lease are taken from `draft`. `identity` (at most 64 bytes)
  # tells this file, in this state and under this draft, from all others of the tenant: its upload that is still at
  # work here is given back, and goes on at its `doneBytes`. Empty: it is a new one always. Fails `overloaded` when too
  # many are at work, `noRoom` when the tenant's quota does not allow for `size` more bytes (it may be `unknownSize`).

  resume @1 (id :Data) -> (upload :Upload);
  # Fails `notFound` when that work is over or unknown.

  pull @2 (draft :Publication, urls :List(Text), headers :List(Property)) -> (work :Publishing);
  # Fetches the content from these HTTP(S) mirrors and publishes it. `headers` (credentials) go to these origins only.

  withdraw @3 (contentId :Data) -> ();
  # The tenant publishes it no more. When nobody does it is served no more and its chunks are given up. Fails `notFound`.

  list @4 (query :Query, before :Int64, limit :UInt32) -> (publications :List(Publication));
  # The tenant's own publications, newest first, those before the publication `before` (0: from the newest on).

  links @6 (contentId :Data) -> (records :List(Content.NameRecord), links :List(Link));
  # All names of a content that the tenant publishes. Fails `notFound`.

  origins @7 () -> (servers :List(OriginServer));
  # The servers that contents are or were pulled from, by anybody, as this node sees them.

  usage @5 () -> (storedBytes :UInt64, quotaBytes :UInt64, publications :UInt64);
  # `quotaBytes` 0: no quota. A content is charged to each of its publishers.

  accounts @8 () -> (accounts :Accounts);
  # The tenant's own.
}

struct Party {
  name @0 :Text;
  tenants @1 :List(Text);    # whose contents it may have although they are not open
  overlays @2 :List(Text);   # in whose names it may look contents up; none: all
  take @3 :Bool;             # may look up, search and read
  message @4 :Bool;          # may send messages to other parties and receive theirs
  revoked @5 :Bool;
  addedAt @6 :Int64;         # Unix seconds
  account @7 :Text;          # the tenant whose account it may see beside its own; empty: none
}

interface Catalogue {
  # What was published and how it is called, for the cluster's own nodes.

  changed @0 (afterVersion :UInt64, waitMs :UInt32) -> (version :UInt64);
  # Answers when something was published or withdrawn through this node since, or after `waitMs`.

  names @1 (name :Content.Name) -> (records :List(Content.NameRecord));
  # Every name of the content with proof data, the one it has in the storage network included. None when it is unknown.

  newest @2 (limit :UInt32) -> (records :List(Content.NameRecord));
  # Names of open publications without proof data, newest first: what is offered in every overlay.

  content @3 (contentId :Data) -> (content :Storage.StoredContent, publications :List(Publication));
  # Fails `notFound`.

  search @4 (query :Query, before :Int64, limit :UInt32) -> (publications :List(Publication));

  party @6 (tokenHash :Data) -> (party :Party);
  # Whose token has this SHA-256. Fails `notFound`; `denied` for a revoked one.

  parties @7 () -> (parties :List(Party));

  addParty @8 (party :Party) -> (token :Text);
  # Enters it, or gives it new rights and a new token in place of the old one. The token is kept nowhere.

  revokeParty @9 (name :Text) -> ();
  # Fails `notFound`.

  account @5 (entries :List(Bridging.LedgerEntry)) -> ();
  # Enters what an access node delivered, under its receipts.

  deliver @10 (deliveries :List(Delivery)) -> (taken :UInt32);
  # Enters what the clients of an access node were sent. At most 10,000 at once.

  accounts @11 (tenant :Text) -> (accounts :Accounts);
  # Those of one tenant, or everybody's for "".

  partyAccounts @12 (party :Text) -> (accounts :Accounts);
  # What this party took. Fails `malformed` for "".
}
