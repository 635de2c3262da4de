@0xb1e6f2a3c4d596f0;
# Every kind of field, handle and method that the generator knows, for tests and benchmarks.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("interswarm::wire");
using Content = import "/schema/content.capnp";
using Source = import "/schema/source.capnp";

enum Colour { red @0; green @1; darkBlue @2; }

struct Leaf {
  number @0 :Int32 = -7;
  word @1 :Text = "leaf";
}

struct Everything {
  flag @0 :Bool = true;
  tiny @1 :Int8;
  small @2 :Int16;
  middle @3 :Int32;
  big @4 :Int64;
  byte @5 :UInt8;
  port @6 :UInt16 = 4711;
  count @7 :UInt32;
  size @8 :UInt64;
  ratio @9 :Float32;
  price @10 :Float64 = 2.5;
  text @11 :Text;
  data @12 :Data;
  colour @13 :Colour = green;
  leaf @14 :Leaf;
  range @15 :Content.Range;
  flags @16 :List(Bool);
  numbers @17 :List(UInt16);
  texts @18 :List(Text);
  blobs @19 :List(Data);
  colours @20 :List(Colour);
  leaves @21 :List(Leaf);
  grid @22 :List(List(Int32));
  nothing @23 :Void;
  position :group {
    x @24 :Int32;
    y @25 :Int32;
  }
  union {
    none @26 :Void;
    digits @27 :UInt32;
    label @28 :Text;
    many @29 :List(Leaf);
    size2d :group {
      width @30 :UInt32;
      height @31 :UInt32;
    }
  }
}

interface Listener {
  tell @0 (text :Text) -> (count :UInt32);
}

interface Sink {
  write @0 (chunk :Data) -> stream;
  done @1 () -> (bytes :UInt64, mostAtOnce :UInt32);
}

struct Gift {
  label @0 :Text;
  listener @1 :Listener;
  more @2 :List(Listener);
  union {
    empty @3 :Void;
    source @4 :Source.Source;
    inner @5 :List(Gift);
  }
}

interface Probe {
  echo @0 (value :Everything) -> (value :Everything);
  pass @1 (gift :Gift) -> (gift :Gift);
  # Gives back the handles it was given.
  keep @2 (listener :Listener) -> ();
  # Holds the handle until the next `keep`.
  poke @3 (text :Text) -> (count :UInt32);
  # Tells the kept listener.
  refuse @4 (code :UInt8, text :Text) -> ();
  hang @5 () -> ();
  # Never answers.
  open @6 () -> (sink :Sink);
  next @7 () -> (number :UInt32);
  # 0, 1, 2 … in the order of arrival.
  child @8 () -> (child :Probe);
  # A new one that ends with its last handle.
  children @9 () -> (alive :UInt32);
}
