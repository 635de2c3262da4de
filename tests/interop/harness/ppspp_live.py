"""A source and a viewer of live swarms after RFC 7574, sections 6 to 8, beside ppspp.py: no code is
shared with the program under test.

    ppspp_live.py source FILE [--listen IP:PORT] [--method munro|all] [--algorithm 5|13|14] ...
    ppspp_live.py view SWARM FILE LAST --peer IP:PORT [--method munro|all] [...]

`source` prints the swarm id and streams FILE once somebody is there, then serves on. `view` tunes
in and ends when it has the stream up to the chunk LAST.
"""

import argparse
import random
import struct
import sys
import time

import dnssec
from ppspp import (
    ACK,
    ADDRESSING,
    CANCEL,
    CHUNK,
    DATA,
    HANDSHAKE,
    HAVE,
    INTEGRITY,
    REQUEST,
    SIGNED,
    Broken,
    Port,
    Speech,
    Tree,
    microseconds,
    read_messages,
)

SIGN_ALL, MUNRO = 2, 3
METHODS = {"all": SIGN_ALL, "munro": MUNRO}
PER_SIGNATURE = 16
WINDOW = 4096
NTP_1970 = 2_208_988_800
SHA256 = 2


def ntp_now():
    now = time.time()
    return (int(now) + NTP_1970) << 32 | int(now % 1 * (1 << 32))


def live_options(method, algorithm, addressing, swarm=None):
    out = b"\x00\x01\x01\x01"
    if swarm is not None:
        out += b"\x02" + struct.pack(">H", len(swarm)) + swarm
    out += bytes([3, method, 4, SHA256, 5, algorithm, 6, addressing])
    out += b"\x07" + struct.pack(">I", WINDOW) + b"\x09" + struct.pack(">I", CHUNK)
    return out + b"\xff"


def spec(speech, first, last):
    """The one specification of a node or chunk."""
    (only,) = speech.write(first, last)
    return only


class Client:
    def __init__(self, own, theirs, hears):
        self.own, self.theirs, self.hears = own, theirs, hears
        self.asked = []
        self.known = set()
        self.flying = {}
        self.window = 32
        self.untold = True


class Source:
    def __init__(self, path, arguments):
        with open(path, "rb") as file:
            content = file.read()
        self.left = [content[i : i + CHUNK] for i in range(0, len(content), CHUNK)]
        self.method = METHODS[arguments.method]
        self.key = dnssec.PrivateKey(arguments.algorithm)
        self.rate = arguments.rate
        self.tree = Tree("sha256")
        self.speech = Speech(
            ADDRESSING[arguments.addressing], 32, self.key.public.signature_size
        )
        self.port = Port(arguments.listen)
        self.clients = {}
        self.chunks = []
        self.proofs = {}
        self.streams_at = None
        self.made = 0

    def run(self):
        while True:
            got = self.port.receive(0.01)
            while got:
                self.take(*got)
                got = self.port.receive(0)
            now = time.monotonic()
            if self.streams_at is not None:
                while self.left and (now - self.streams_at) * self.rate >= self.made * CHUNK:
                    self.produce()
            for key, client in self.clients.items():
                for chunk in [c for c, when in client.flying.items() if now - when > 0.5]:
                    del client.flying[chunk]
                    client.window = max(8, client.window // 2)
                self.pump(key, client)

    def produce(self):
        """The next munro's chunks, or the next chunk, with its signature (6.1.1, 6.1.2.2)."""
        width = 1 if self.method == SIGN_ALL else PER_SIGNATURE
        begin = (self.made + width - 1) // width * width
        batch, self.left = self.left[:width], self.left[width:]
        last = begin + width - 1
        stamp = ntp_now()
        if self.method == SIGN_ALL:
            what = batch[0]
        else:
            layer = [self.tree.leaf(c) for c in batch]
            layer += [bytes(32)] * (width - len(layer))
            depth = 0
            while True:
                for i, node in enumerate(layer):
                    self.tree.nodes[depth, (begin >> depth) + i] = node
                if len(layer) == 1:
                    break
                layer = [self.tree.parent(*layer[i : i + 2]) for i in range(0, len(layer), 2)]
                depth += 1
            what = layer[0]
        plain = spec(self.speech, begin, last) + struct.pack(">Q", stamp) + what
        proof = b""
        if self.method == MUNRO:
            proof += bytes([INTEGRITY]) + spec(self.speech, begin, last) + what
        proof += bytes([SIGNED]) + spec(self.speech, begin, last) + struct.pack(">Q", stamp)
        proof += self.key.sign(plain)
        for i, chunk in enumerate(batch):
            self.proofs[begin + i] = proof
            self.chunks.append(chunk)
        self.made = begin + width
        for key, client in self.clients.items():
            self.tell(key, client)

    def tell(self, key, client):
        if not self.chunks:
            return
        out = struct.pack(">I", client.theirs)
        first = max(0, len(self.chunks) - WINDOW)
        for where in self.speech.write(first, len(self.chunks) - 1):
            out += bytes([HAVE]) + where
        if self.method == MUNRO:
            # 6.1.2.4: the newest munro, until the peer shows that it has it.
            out += self.proofs[len(self.chunks) - 1]
        self.port.send(key[0], out)

    def take(self, datagram, sender):
        if len(datagram) < 4:
            return
        (channel,) = struct.unpack_from(">I", datagram)
        if channel == 0:
            self.greet(datagram, sender)
            return
        client = self.clients.get((sender, channel))
        if not client:
            return
        if client.untold:
            client.untold = False
            self.tell((sender, channel), client)
        try:
            for kind, fields in read_messages(datagram, client.hears):
                if kind == HANDSHAKE and fields[0] == 0:
                    del self.clients[sender, channel]
                    return
                if kind == REQUEST:
                    client.asked.extend(range(fields[0], min(fields[1], self.made + 256) + 1))
                elif kind == CANCEL:
                    client.asked = [c for c in client.asked if not fields[0] <= c <= fields[1]]
                elif kind in (ACK, HAVE):
                    self.acknowledged(client, *fields[:2])
        except Broken as e:
            print(f"{sender}: {e}", file=sys.stderr, flush=True)

    def greet(self, datagram, sender):
        public = self.key.public
        hears = Speech(2, 32, public.signature_size)
        try:
            kind, fields = next(read_messages(datagram, hears), (None, None))
        except Broken:
            return
        if kind != HANDSHAKE or fields[0] == 0:
            return
        theirs, found = fields
        wanted = (public.raw, self.method, SHA256, public.algorithm, self.speech.addressing)
        if tuple(found.get(code) for code in (2, 3, 4, 5, 6)) != wanted or 7 not in found:
            print(f"{sender}: options {found}", file=sys.stderr, flush=True)
            return
        own = random.randrange(1, 1 << 32)
        self.clients[sender, own] = Client(own, theirs, hears)
        out = struct.pack(">IBI", theirs, HANDSHAKE, own)
        out += live_options(self.method, public.algorithm, self.speech.addressing)
        self.port.send(sender, out)
        if self.streams_at is None:
            self.streams_at = time.monotonic() + 0.2

    def acknowledged(self, client, first, last):
        for chunk in range(first, min(last, len(self.chunks) - 1) + 1):
            if client.flying.pop(chunk, None):
                client.window = min(256, client.window + 1)
            # Whoever verified a chunk knows the way up and what is beside it; beside the munro
            # nothing.
            layer, number = 0, chunk
            while 1 << layer < PER_SIGNATURE and (layer, number) not in client.known:
                client.known.update({(layer, number), (layer, number ^ 1)})
                layer, number = layer + 1, number // 2
            if 1 << layer == PER_SIGNATURE:
                client.known.add((layer, number))

    def pump(self, key, client):
        there = [c for c in client.asked if c < len(self.chunks)]
        for chunk in there[: max(0, client.window - len(client.flying))]:
            client.asked.remove(chunk)
            out = struct.pack(">I", client.theirs)
            if self.method == SIGN_ALL:
                out += self.proofs[chunk]
            else:
                top = PER_SIGNATURE.bit_length() - 1
                # 6.1.2.3: unless it showed that it has a chunk of that munro.
                if (top, chunk >> top) not in client.known:
                    out += self.proofs[chunk]
                for layer in reversed(range(top)):
                    uncle = (layer, (chunk >> layer) ^ 1)
                    if uncle not in client.known:
                        first = uncle[1] << layer
                        where = spec(self.speech, first, first + (1 << layer) - 1)
                        out += bytes([INTEGRITY]) + where + self.tree.nodes[uncle]
            out += bytes([DATA]) + spec(self.speech, chunk, chunk)
            out += struct.pack(">Q", microseconds()) + self.chunks[chunk]
            client.flying[chunk] = time.monotonic()
            self.port.send(key[0], out)


class Viewer:
    OFFSET = 128
    MAX_AGE_S = 30

    def __init__(self, swarm, path, last, arguments):
        self.key = dnssec.PublicKey(bytes.fromhex(swarm))
        self.path = path
        self.last = last
        self.method = METHODS[arguments.method]
        self.tree = Tree("sha256")
        size = self.key.signature_size
        self.speech = Speech(ADDRESSING[arguments.addressing], 32, size)
        self.hears = Speech(2, 32, size)
        self.port = Port(arguments.listen)
        self.port.drop = arguments.drop
        host, port = arguments.peer.rsplit(":", 1)
        self.peer = (host, int(port))
        self.own = random.randrange(1, 1 << 32)
        self.theirs = 0
        self.said = {}
        self.signed = {}
        self.munros = {}
        self.have = {}
        self.asked = {}
        self.acks = []
        self.start = None
        self.edge = 0
        self.offered = 0
        self.refuted = 0
        self.greeted = False

    def run(self, seconds):
        end = time.monotonic() + seconds
        shaken = 0
        while time.monotonic() < end:
            if not self.theirs and time.monotonic() - shaken > 1:
                out = struct.pack(">IBI", 0, HANDSHAKE, self.own)
                out += live_options(
                    self.method, self.key.algorithm, self.speech.addressing, self.key.raw
                )
                self.port.send(self.peer, out)
                shaken = time.monotonic()
            got = self.port.receive(0.02)
            while got:
                self.take(*got)
                got = self.port.receive(0)
            if self.theirs:
                self.answer()
            if self.start is not None and all(
                c in self.have for c in range(self.start, self.last + 1)
            ):
                out = struct.pack(">IBI", self.theirs, HANDSHAKE, 0) + b"\xff"
                self.port.send(self.peer, out)
                with open(self.path, "wb") as file:
                    for c in range(self.start, self.last + 1):
                        file.write(self.have[c])
                return True
        return False

    def take(self, datagram, sender):
        if sender != self.peer or len(datagram) < 4:
            return
        if struct.unpack_from(">I", datagram)[0] != self.own:
            return
        for kind, fields in read_messages(datagram, self.hears):
            if kind == HANDSHAKE:
                self.theirs, found = fields
                if self.theirs == 0:
                    raise Broken("the peer closed the channel")
                if 7 not in found:
                    raise Broken("no live discard window (7.9)")
            elif kind == HAVE:
                self.offered = max(self.offered, fields[1] + 1)
            elif kind == INTEGRITY:
                first, last, digest = fields
                layer = (last - first + 1).bit_length() - 1
                self.said[layer, first >> layer] = digest
            elif kind == SIGNED:
                self.hear_signature(*fields)
            elif kind == DATA:
                self.judge(*fields)

    def is_signed(self, first, last, stamp, what, signature):
        plain = spec(self.speech, first, last) + struct.pack(">Q", stamp) + what
        if self.key.verify(plain, signature):
            return True
        self.refuted += 1
        return False

    def hear_signature(self, first, last, stamp, signature):
        age = (ntp_now() - stamp) / (1 << 32)
        if age < -10 or (not self.munros and age > self.MAX_AGE_S):
            return
        if self.method == SIGN_ALL:
            self.signed[first] = (stamp, signature)
            return
        layer = (last - first + 1).bit_length() - 1
        if (layer, first >> layer) in self.munros:
            return
        digest = self.said.get((layer, first >> layer))
        if digest is None:
            raise Broken("a signature without its hash before it (6.1.2.3)")
        if self.is_signed(first, last, stamp, digest, signature):
            self.accept((layer, first >> layer), first, last, stamp)
            self.tree.nodes[layer, first >> layer] = digest

    def accept(self, node, first, last, stamp):
        for (_, other), (begin, _, when) in self.munros.items():
            if (begin < first) != (when <= stamp):
                raise Broken(f"munro {other} is out of the order of its time")
        self.munros[node] = (first, last, stamp)
        self.edge = max(self.edge, last + 1)
        if self.start is None:
            self.start = max(0, self.edge - self.OFFSET)

    def judge(self, first, last, stamp, payload):
        if first != last:
            raise Broken("data of several chunks")
        if first not in self.have and not self.is_good(first, payload):
            return
        self.have[first] = payload
        self.asked.pop(first, None)
        self.acks.append((first, (microseconds() - stamp) % (1 << 64)))

    def is_good(self, chunk, payload):
        if self.method == SIGN_ALL:
            if chunk not in self.signed:
                return False
            stamp, signature = self.signed.pop(chunk)
            if not self.is_signed(chunk, chunk, stamp, payload, signature):
                return False
            self.accept((0, chunk), chunk, chunk, stamp)
            return True
        node, way = self.tree.leaf(payload), []
        layer, number = 0, chunk
        while (layer, number) not in self.tree.nodes:
            way.append(((layer, number), node))
            beside = (layer, number ^ 1)
            other = self.tree.nodes.get(beside, self.said.get(beside))
            if other is None or layer > 12:
                return False
            way.append((beside, other))
            pair = (node, other) if number % 2 == 0 else (other, node)
            node = self.tree.parent(*pair)
            layer, number = layer + 1, number // 2
        if self.tree.nodes[layer, number] != node:
            self.refuted += 1
            return False
        self.tree.nodes.update(way)
        return True

    def answer(self):
        """Acknowledgements, and requests for what is missing up to the newest."""
        now = time.monotonic()
        out = b""
        for chunk, delay in self.acks:
            out += bytes([ACK]) + spec(self.speech, chunk, chunk) + struct.pack(">Q", delay)
        self.acks = []
        for chunk in [c for c, when in self.asked.items() if now - when > 1]:
            del self.asked[chunk]
        if self.start is not None:
            begin = self.start
        else:
            # Where all is signed, the newest chunk says where the stream is.
            begin = self.offered - 1 if self.method == SIGN_ALL and self.offered else self.offered
        end = self.offered if self.method == SIGN_ALL else min(self.edge, self.offered)
        missing = [c for c in range(begin, end) if c not in self.have and c not in self.asked]
        for chunk in missing[: max(0, 128 - len(self.asked))]:
            out += bytes([REQUEST]) + spec(self.speech, chunk, chunk)
            self.asked[chunk] = now
        if out or not self.greeted:
            self.port.send(self.peer, struct.pack(">I", self.theirs) + out)
            self.greeted = True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=["source", "view"])
    parser.add_argument("what", nargs="+")
    parser.add_argument("--listen", default="0.0.0.0:0")
    parser.add_argument("--peer")
    parser.add_argument("--method", choices=sorted(METHODS), default="munro")
    parser.add_argument("--algorithm", type=int, choices=[5, 13, 14], default=13)
    parser.add_argument("--addressing", choices=sorted(ADDRESSING), default="chunk32")
    parser.add_argument("--rate", type=float, default=200_000, help="bytes a second")
    parser.add_argument("--drop", type=float, default=0.0, help="share of datagrams that is lost")
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    if arguments.role == "source":
        source = Source(arguments.what[0], arguments)
        host, port = source.port.socket.getsockname()
        print(f"{source.key.public.raw.hex()} {host}:{port}", flush=True)
        source.run()
    swarm, path, last = arguments.what
    viewer = Viewer(swarm, path, int(last), arguments)
    done = viewer.run(arguments.seconds)
    print(f"{viewer.start} to {viewer.edge}, {viewer.refuted} refuted", flush=True)
    return 0 if done and not viewer.refuted else 1


if __name__ == "__main__":
    sys.exit(main())
