"""A peer of RFC 7574 (PPSPP) for static contents that shares no code with the program under test.
It was written by the same people after the same notes on the RFC, so it shows slips of the hand and
not a misreading that both have.

    ppspp.py seed FILE [--listen IP:PORT] [--hash sha1|sha256] [--addressing bin32|chunk32] ...
    ppspp.py leech ROOT FILE --peer IP:PORT [...]

`seed` prints the swarm id and serves until it is ended; `leech` ends when it has the content. Both
understand either addressing method of their peer's. Losses are repaired by asking again.
"""

import argparse
import hashlib
import os
import random
import select
import socket
import struct
import sys
import time

HANDSHAKE, DATA, ACK, HAVE, INTEGRITY = 0, 1, 2, 3, 4
PEX_V4, PEX_REQUEST, SIGNED, REQUEST, CANCEL, CHOKE, UNCHOKE = 5, 6, 7, 8, 9, 10, 11
PEX_V6, PEX_CERT = 12, 13
HASHES = {"sha1": 0, "sha224": 1, "sha256": 2, "sha384": 3, "sha512": 4}
ADDRESSING = {"bin32": 0, "chunk32": 2}
CHUNK = 1024


class Broken(Exception):
    """A datagram that is not as the RFC has it."""


# --- the tree (section 5) -------------------------------------------------------------------


class Tree:
    """All nodes of a content's hash tree, or those that are proved: (layer, number) -> hash."""

    def __init__(self, name):
        self.new = getattr(hashlib, name)
        self.size = self.new().digest_size
        self.nodes = {}

    def leaf(self, chunk):
        return self.new(chunk).digest()

    def parent(self, left, right):
        zero = bytes(self.size)
        return zero if left == zero and right == zero else self.new(left + right).digest()

    def build(self, chunks):
        """From the bytes of all chunks; answers with the root."""
        layer = [self.leaf(c) for c in chunks]
        depth = 0
        while True:
            for i, node in enumerate(layer):
                self.nodes[depth, i] = node
            if len(layer) == 1:
                return layer[0]
            if len(layer) % 2:
                layer.append(bytes(self.size))
                self.nodes[depth, len(layer) - 1] = layer[-1]
            layer = [self.parent(*layer[i : i + 2]) for i in range(0, len(layer), 2)]
            depth += 1

    def root_of(self, peaks):
        """The root above peaks [((layer, number), hash)], from the right to the left."""
        (layer, _), node = peaks[-1]
        for (left_layer, _), left in reversed(peaks[:-1]):
            while layer < left_layer:
                node = self.parent(node, bytes(self.size))
                layer += 1
            node = self.parent(left, node)
            layer += 1
        return node


def peaks_of(count):
    """(layer, number) of each peak, the largest first."""
    out, at = [], 0
    for layer in reversed(range(count.bit_length())):
        if count >> layer & 1:
            out.append((layer, at >> layer))
            at += 1 << layer
    return out


def span(node):
    """First and last chunk below a node."""
    layer, number = node
    return number << layer, (number + 1 << layer) - 1


# --- messages (section 8) -------------------------------------------------------------------


class Speech:
    """How a side writes chunk specifications and hashes."""

    def __init__(self, addressing=2, hash_size=32, signature_size=0):
        self.addressing = addressing
        self.hash_size = hash_size
        self.signature_size = signature_size

    def write(self, first, last):
        if self.addressing == 2:
            return [struct.pack(">II", first, last)]
        out = []
        while first <= last:
            layer = 0
            while first % (2 << layer) == 0 and first + (2 << layer) - 1 <= last:
                layer += 1
            out.append(struct.pack(">I", first * 2 + (1 << layer) - 1))
            first += 1 << layer
        return out

    def read(self, data, at):
        if self.addressing == 2:
            first, last = struct.unpack_from(">II", data, at)
            if last < first:
                raise Broken("a range that ends before it begins")
            return first, last, at + 8
        if self.addressing != 0:
            raise Broken(f"addressing method {self.addressing}")
        (number,) = struct.unpack_from(">I", data, at)
        if number == 0xFFFFFFFF:
            raise Broken("no chunk at all")
        layer = 0
        while number >> layer & 1:
            layer += 1
        first = (number - (1 << layer) + 1) // 2
        return first, first + (1 << layer) - 1, at + 4


def options(swarm=None, hash_code=2, addressing=2, chunk_option=True):
    out = b"\x00\x01\x01\x01"
    if swarm is not None:
        out += b"\x02" + struct.pack(">H", len(swarm)) + swarm
    out += b"\x03\x01" + b"\x04" + bytes([hash_code]) + b"\x06" + bytes([addressing])
    if chunk_option:
        out += b"\x09" + struct.pack(">I", CHUNK)
    return out + b"\xff"


def read_options(data, at):
    """{code: value} and what follows."""
    out = {}
    while True:
        code = data[at]
        at += 1
        if code == 0xFF:
            return out, at
        if code in (0, 1, 3, 4, 5, 6):
            out[code], at = data[at], at + 1
        elif code == 2:
            (size,) = struct.unpack_from(">H", data, at)
            out[code], at = data[at + 2 : at + 2 + size], at + 2 + size
        elif code == 7:
            wide = out.get(6, 2) not in (0, 2)
            (out[code],) = struct.unpack_from(">Q" if wide else ">I", data, at)
            at += 8 if wide else 4
        elif code == 8:
            out[code], at = data[at + 1 : at + 1 + data[at]], at + 1 + data[at]
        elif code == 9:
            (out[code],) = struct.unpack_from(">I", data, at)
            at += 4
        else:
            raise Broken(f"option {code}")


def read_messages(data, speech):
    """Yields (type, fields) of a datagram behind its channel; a handshake changes the speech."""
    at = 4
    try:
        while at < len(data):
            kind = data[at]
            at += 1
            if kind == HANDSHAKE:
                (source,) = struct.unpack_from(">I", data, at)
                found, at = read_options(data, at + 4)
                if 6 in found:
                    speech.addressing = found[6]
                yield kind, (source, found)
            elif kind in (HAVE, REQUEST, CANCEL):
                first, last, at = speech.read(data, at)
                yield kind, (first, last)
            elif kind == INTEGRITY:
                first, last, at = speech.read(data, at)
                yield kind, (first, last, data[at : at + speech.hash_size])
                at += speech.hash_size
            elif kind == SIGNED and speech.signature_size:
                first, last, at = speech.read(data, at)
                (stamp,) = struct.unpack_from(">Q", data, at)
                signature = data[at + 8 : at + 8 + speech.signature_size]
                yield kind, (first, last, stamp, signature)
                at += 8 + speech.signature_size
            elif kind == DATA:
                first, last, at = speech.read(data, at)
                (stamp,) = struct.unpack_from(">Q", data, at)
                yield kind, (first, last, stamp, data[at + 8 :])
                return
            elif kind == ACK:
                first, last, at = speech.read(data, at)
                (delay,) = struct.unpack_from(">Q", data, at)
                at += 8
                yield kind, (first, last, delay)
            elif kind in (PEX_REQUEST, CHOKE, UNCHOKE):
                yield kind, ()
            elif kind in (PEX_V4, PEX_V6):
                size = 4 if kind == PEX_V4 else 16
                family = socket.AF_INET if kind == PEX_V4 else socket.AF_INET6
                address = socket.inet_ntop(family, data[at : at + size])
                (port,) = struct.unpack_from(">H", data, at + size)
                at += size + 2
                yield kind, (address, port)
            else:
                raise Broken(f"message type {kind}")
    except (struct.error, IndexError, ValueError) as e:
        raise Broken(f"cut short: {e}") from None


def microseconds():
    return int(time.monotonic() * 1e6)


class Port:
    def __init__(self, listen):
        host, port = listen.rsplit(":", 1)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((host, int(port)))
        self.drop = 0.0

    def send(self, to, datagram):
        if random.random() >= self.drop:
            self.socket.sendto(datagram, to)

    def receive(self, seconds):
        """(datagram, from), or nothing when the time is over."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        return self.socket.recvfrom(65536)


# --- who has it -------------------------------------------------------------------------------


class Client:
    def __init__(self, own, theirs, speech):
        self.own = own
        self.theirs = theirs
        self.hears = speech
        self.asked = []
        self.known = set()
        self.window = 16
        self.flying = {}
        self.heard = time.monotonic()


class Seed:
    """Serves one file to all that come."""

    def __init__(self, path, arguments):
        with open(path, "rb") as file:
            content = file.read()
        self.chunks = [content[i : i + CHUNK] for i in range(0, len(content), CHUNK)]
        self.tree = Tree(arguments.hash)
        self.root = self.tree.build(self.chunks)
        self.hash_code = HASHES[arguments.hash]
        self.speech = Speech(ADDRESSING[arguments.addressing], self.tree.size)
        self.peaks = peaks_of(len(self.chunks))
        self.port = Port(arguments.listen)
        self.clients = {}
        self.sent = 0

    def run(self):
        while True:
            got = self.port.receive(0.05)
            if got:
                self.take(*got)
            now = time.monotonic()
            for key, client in list(self.clients.items()):
                if now - client.heard > 180:
                    del self.clients[key]
                    continue
                for chunk, when in list(client.flying.items()):
                    if now - when > 1:
                        del client.flying[chunk]
                        client.window = max(4, client.window // 2)
                self.pump(key, client)

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
        client.heard = time.monotonic()
        try:
            for kind, fields in read_messages(datagram, client.hears):
                if kind == HANDSHAKE and fields[0] == 0:
                    del self.clients[sender, channel]
                    return
                if kind == REQUEST:
                    last = min(fields[1], len(self.chunks) - 1)
                    client.asked.extend(range(fields[0], last + 1))
                elif kind == CANCEL:
                    client.asked = [c for c in client.asked if not fields[0] <= c <= fields[1]]
                elif kind == ACK:
                    self.acknowledged(client, *fields[:2])
        except Broken as e:
            print(f"{sender}: {e}", file=sys.stderr, flush=True)

    def greet(self, datagram, sender):
        hears = Speech(2, self.tree.size)
        try:
            kind, fields = next(read_messages(datagram, hears), (None, None))
        except Broken:
            return
        if kind != HANDSHAKE or fields[0] == 0:
            return
        theirs, found = fields
        if found.get(2) != self.root or found.get(4, 2) != self.hash_code or found.get(3, 1) != 1:
            return
        if found.get(9, CHUNK) != CHUNK:
            return
        own = random.randrange(1, 1 << 32)
        self.clients[sender, own] = Client(own, theirs, hears)
        out = struct.pack(">IBI", theirs, HANDSHAKE, own)
        out += options(None, self.hash_code, self.speech.addressing, 9 in found)
        for where in self.speech.write(0, len(self.chunks) - 1):
            out += bytes([HAVE]) + where
        self.port.send(sender, out)

    def acknowledged(self, client, first, last):
        for chunk in [c for c in client.flying if first <= c <= last]:
            del client.flying[chunk]
            client.window = min(512, client.window + 1)
        for chunk in range(first, min(last, len(self.chunks) - 1) + 1):
            # Whoever verified a chunk knows the way up and what is beside it.
            layer, number = 0, chunk
            while (layer, number) not in client.known:
                client.known.update({(layer, number), (layer, number ^ 1)})
                layer, number = layer + 1, number // 2
                if 1 << layer > 2 * len(self.chunks):
                    break

    def pump(self, key, client):
        while client.asked and len(client.flying) < client.window:
            chunk = client.asked.pop(0)
            out = struct.pack(">I", client.theirs)
            hashes = [] if client.known else list(self.peaks)
            top = next(p for p in self.peaks if span(p)[0] <= chunk <= span(p)[1])
            for layer in reversed(range(top[0])):
                uncle = (layer, (chunk >> layer) ^ 1)
                if uncle not in client.known:
                    hashes.append(uncle)
            for node in hashes:
                for where in self.speech.write(*span(node)):
                    out += bytes([INTEGRITY]) + where + self.tree.nodes[node]
            for where in self.speech.write(chunk, chunk):
                out += bytes([DATA]) + where
            out += struct.pack(">Q", microseconds()) + self.chunks[chunk]
            client.flying[chunk] = time.monotonic()
            self.sent += len(self.chunks[chunk])
            self.port.send(key[0], out)


# --- who wants it -----------------------------------------------------------------------------


class Leech:
    """Takes one file from one peer, each chunk verified before it counts."""

    def __init__(self, root, path, arguments):
        self.root = bytes.fromhex(root)
        self.path = path
        self.tree = Tree(arguments.hash)
        self.hash_code = HASHES[arguments.hash]
        self.speech = Speech(ADDRESSING[arguments.addressing], self.tree.size)
        self.hears = Speech(2, self.tree.size)
        self.port = Port(arguments.listen)
        self.port.drop = arguments.drop
        host, port = arguments.peer.rsplit(":", 1)
        self.peer = (host, int(port))
        self.own = random.randrange(1, 1 << 32)
        self.theirs = 0
        self.said = {}
        self.count = None
        self.have = {}
        self.offered = 0
        self.asked = {}
        self.acks = []
        self.refuted = 0
        self.chunk_option = True

    def run(self, seconds):
        end = time.monotonic() + seconds
        shaken = 0
        while time.monotonic() < end:
            if not self.theirs and time.monotonic() - shaken > 1:
                out = struct.pack(">IBI", 0, HANDSHAKE, self.own)
                out += options(
                    self.root, self.hash_code, self.speech.addressing, self.chunk_option
                )
                self.port.send(self.peer, out)
                shaken = time.monotonic()
            got = self.port.receive(0.05)
            while got:
                self.take(*got)
                got = self.port.receive(0)
            if self.theirs:
                self.answer()
            if self.count is not None and len(self.have) == self.count:
                out = struct.pack(">IBI", self.theirs, HANDSHAKE, 0) + b"\xff"
                self.port.send(self.peer, out)
                with open(self.path, "wb") as file:
                    file.write(b"".join(self.have[i] for i in range(self.count)))
                return True
        return False

    def take(self, datagram, sender):
        if sender != self.peer or len(datagram) < 4:
            return
        if struct.unpack_from(">I", datagram)[0] != self.own:
            return
        for kind, fields in read_messages(datagram, self.hears):
            if kind == HANDSHAKE:
                self.theirs = fields[0]
                if self.theirs == 0:
                    raise Broken("the peer closed the channel")
            elif kind == HAVE:
                self.offered = max(self.offered, fields[1] + 1)
            elif kind == INTEGRITY:
                self.hear(*fields)
            elif kind == DATA:
                self.judge(*fields)

    def hear(self, first, last, digest):
        layer = (last - first + 1).bit_length() - 1
        if last - first + 1 != 1 << layer or first % (1 << layer):
            raise Broken(f"a hash of no node: {first} to {last}")
        self.said[layer, first >> layer] = digest
        if self.count is None:
            wanted = peaks_of(last + 1)
            if wanted[-1] == (layer, first >> layer) and all(p in self.said for p in wanted):
                peaks = [(p, self.said[p]) for p in wanted]
                if self.tree.root_of(peaks) == self.root:
                    self.count = last + 1
                    self.tree.nodes.update(peaks)

    def judge(self, first, last, stamp, payload):
        if first != last:
            raise Broken("data of several chunks")
        if self.count is None:
            return
        node, way = self.tree.leaf(payload), []
        layer, number = 0, first
        while (layer, number) not in self.tree.nodes:
            way.append(((layer, number), node))
            beside = (layer, number ^ 1)
            other = self.tree.nodes.get(beside, self.said.get(beside))
            if other is None:
                return
            way.append((beside, other))
            pair = (node, other) if number % 2 == 0 else (other, node)
            node = self.tree.parent(*pair)
            layer, number = layer + 1, number // 2
        if self.tree.nodes[layer, number] != node:
            self.refuted += 1
            return
        self.tree.nodes.update(way)
        self.have[first] = payload
        self.asked.pop(first, None)
        self.acks.append((first, (microseconds() - stamp) % (1 << 64)))

    def answer(self):
        """Acknowledgements, and requests for what is missing."""
        now = time.monotonic()
        out = b""
        for chunk, delay in self.acks:
            for where in self.speech.write(chunk, chunk):
                out += bytes([ACK]) + where + struct.pack(">Q", delay)
        self.acks = []
        for chunk in [c for c, when in self.asked.items() if now - when > 2]:
            del self.asked[chunk]
        known = self.count if self.count is not None else self.offered
        if len(self.asked) < 128:
            missing = [c for c in range(known) if c not in self.have and c not in self.asked]
            missing = missing[: 256 - len(self.asked)]
            while missing:
                size = 1
                while size < len(missing) and missing[size] == missing[0] + size:
                    size += 1
                for where in self.speech.write(missing[0], missing[size - 1]):
                    out += bytes([REQUEST]) + where
                for chunk in missing[:size]:
                    self.asked[chunk] = now
                missing = missing[size:]
        # Not more than fits a datagram; the rest is due next time, as what is lost is.
        if out:
            self.port.send(self.peer, struct.pack(">I", self.theirs) + out[:60000])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=["seed", "leech"])
    parser.add_argument("what", nargs="+")
    parser.add_argument("--listen", default="0.0.0.0:0")
    parser.add_argument("--peer")
    parser.add_argument("--hash", choices=sorted(HASHES), default="sha256")
    parser.add_argument("--addressing", choices=sorted(ADDRESSING), default="chunk32")
    parser.add_argument("--drop", type=float, default=0.0, help="share of datagrams that is lost")
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    if arguments.role == "seed":
        seed = Seed(arguments.what[0], arguments)
        host, port = seed.port.socket.getsockname()
        print(f"{seed.root.hex()} {host}:{port}", flush=True)
        seed.run()
    leech = Leech(arguments.what[0], arguments.what[1], arguments)
    done = leech.run(arguments.seconds)
    print(f"{len(leech.have)} of {leech.count} chunks, {leech.refuted} refuted", flush=True)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
