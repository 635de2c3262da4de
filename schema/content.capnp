@0xb1e6f2a3c4d59601;
# Values that every interface shares: names, evidence, proof data, ranges.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");

struct Range {
  # Half-open byte range [begin, end) of one content.
  begin @0 :UInt64;
  end @1 :UInt64;
}

struct Name {
  # What one overlay calls a content. `overlay` and `key` together are the identity; nothing outside that overlay's
  # face looks into `key`.
  overlay @0 :Text;
  # Short stable word: "bittorrent", "ed2k".
  key @1 :Data;
  # bittorrent: info-hash (20 bytes v1, 32 bytes v2), then the file's index in the torrent as 4 bytes big-endian.
  # ed2k: MD4 file hash (16 bytes), then the size as 8 bytes big-endian.
}

enum Evidence {
  # Why an equation "this name is that content" is believed, weakest first. Only the last two may mix data.
  refuted @0;      # the bytes under both names differ; kept so that it is not tried again
  hint @1;         # size, title or hearsay
  declared @2;     # a person or a publisher's file said so
  quorum @3;       # many independent parties said so, or a weak hash alone says so
  verified @4;     # the bytes were hashed here under both names
  structural @5;   # equal by construction (BEP 52 pieces root = content id)
}

enum Permission {
  # Whether a content may cross between overlays. `unknown` counts as forbidden.
  unknown @0;
  allowed @1;
  forbidden @2;    # private torrent, passkeyed tracker, the operator's word
}

enum HashAlgorithm {
  md4 @0;
  sha1 @1;
  sha256 @2;
  bep52 @3;        # root of the BEP 52 Merkle subtree over the unit (SHA-256, 16 KiB leaves)
}

struct HashList {
  # Hashes of consecutive units of one content: proof data in the shape that every overlay's hashes fit.
  #   v1 pieces:    sha1,  unit = piece length, offset = where the first whole piece begins in this file
  #   ed2k parts:   md4,   unit = 9,728,000
  #   AICH leaves:  sha1,  unit = 184,320, period = 9,728,000 (units start anew at each part)
  #   v2 layer:     bep52, unit = piece length;  v2 leaves: bep52, unit = 16,384
  algorithm @0 :HashAlgorithm;
  unit @1 :UInt64;
  # Bytes a hash covers; the last unit of the content (or of a period) may be shorter.
  period @2 :UInt64;
  # 0, or the length after which units start anew.
  offset @3 :UInt64;
  # First byte covered. Bytes before it have no hash in this list.
  end @4 :UInt64;
  # One past the last byte covered.
  hashes @5 :Data;
  # The digests in order, without separators.
  evidence @6 :Evidence;
  # How the list itself is known to belong to the name: `structural` when it hashes up to the name.
}

struct NameRecord {
  # All that is known of one name.
  name @0 :Name;
  size @1 :UInt64;
  # Bytes of the content; `unknownSize` until learned.
  contentId @2 :Data;
  # BEP 52 pieces root (32 bytes), or empty until the bytes were hashed. For a content of at most one 16 KiB leaf it
  # is that leaf's SHA-256; for an empty content it is the SHA-256 of nothing.
  evidence @3 :Evidence;
  # For the equation name = content. Between names that share no content id yet: for the group they were linked in.
  expires @4 :Int64;
  # Lease: Unix seconds, 0 = never.
  title @5 :Text;
  # File name for people; never used as a path as it is.
  uri @6 :Text;
  # The name as people write it: magnet link, ed2k:// link.
  permission @7 :Permission;
  hashes @8 :List(HashList);
  metadata @9 :Data;
  # What only the overlay's own face reads: the info dictionary (bittorrent), empty (ed2k).
}

const unknownSize :UInt64 = 0xffffffffffffffff;

struct Endpoint {
  address @0 :Data;
  # 4 or 16 bytes, network order.
  port @1 :UInt16;
}
