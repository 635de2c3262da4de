@0xb1e6f2a3c4d59602;
# A content source: verified byte ranges of one content, wherever they come from.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "content.capnp";

const maxReadBytes :UInt32 = 4194304;
# A longer read is refused: cut it.

struct SourceState {
  size @0 :UInt64;
  # `unknownSize` until the overlay told it (a magnet link whose metadata is still on its way).
  record @1 :Content.NameRecord;
  # The name this source fetches under, with the proof data learned since (hash lists, metadata).
  peers @2 :UInt32;
  # Parties that can deliver at the moment.
  bytesPerSecond @3 :UInt64;
  # Measured over the last seconds; 0 when nothing was asked.
  version @4 :UInt64;
  # Grows when size, record, availability or `heldBytes` change.
  heldBytes @5 :UInt64;
  # Bytes kept on this source's own disk or in memory and verified under its name: reading them asks nobody.
}

enum Verdict {
  good @0;       # verified by the reader under other hashes
  bad @1;        # failed the reader's hashes: drop these bytes, blame who sent them, fetch again
}

interface Source {
  # Lives while a handle to it lives; the fetching behind it stops with the last one.

  info @0 (afterVersion :UInt64, waitMs :UInt32) -> (info :SourceState);
  # Answers at once when `version` > `afterVersion`, else when it grows or after `waitMs`. So 0, 0 is "now".
  # Fails `notFound` when no party knows the name, `unavailable` when none can be reached.

  have @1 (afterVersion :UInt64, waitMs :UInt32) -> (version :UInt64, ranges :List(Content.Range), received :UInt64);
  # Ranges that a read can get now: held here or offered by a connected party. Waits like `info`. `received`: payload
  # bytes that came from parties so far, of use or not. It grows while anything moves, also before a read is answered.

  read @2 (range :Content.Range, deadlineMs :UInt32, urgent :Bool) -> (data :Data);
  # Exactly the bytes of `range`, at most `maxReadBytes`. Bytes are verified under the hashes of the source's own name
  # as far as its overlay can check a part of the content; the reader verifies them under its own.
  # `urgent`: fetched before all that is not. Fails `timedOut` after `deadlineMs`, `refuted` when the bytes do not
  # match, `unavailable` when no party has them.

  judge @3 (range :Content.Range, verdict :Verdict) -> ();
  # What the reader's own hashes said of bytes it got.

  genuine @4 (range :Content.Range, deadlineMs :UInt32) -> (range :Content.Range, verdict :Verdict);
  # Makes sure that the bytes of `range` are what this source's own name says, by fetching and hashing the smallest
  # enclosing range that its hashes can check (for ed2k a whole 9,728,000-byte part). `verdict` good: they are, so a
  # reader's mismatch refutes the equation of the two names. bad: they were not and have been dropped; read again.
}
