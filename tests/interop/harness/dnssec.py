"""Signatures in DNSSEC's forms (RFC 3110, RFC 6605), in plain Python: slow, and no line of it is
shared with what is tested. Not for keys that matter: nothing here runs in constant time.
"""

import hashlib
import random
import secrets

RSASHA1, RSASHA256, P256, P384 = 5, 8, 13, 14


class Curve:
    """y^2 = x^3 - 3x + b over p, with a base point of order n (FIPS 186-4, D.1.2)."""

    def __init__(self, size, digest, p, b, n, x, y):
        self.size, self.digest, self.p, self.b, self.n = size, digest, p, b, n
        self.base = (x, y)

    def add(self, one, two):
        if one is None or two is None:
            return one or two
        p = self.p
        if one[0] == two[0]:
            if (one[1] + two[1]) % p == 0:
                return None
            slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, p)
        else:
            slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, p)
        x = (slope * slope - one[0] - two[0]) % p
        return x, (slope * (one[0] - x) - one[1]) % p

    def times(self, k, point):
        out = None
        while k:
            if k & 1:
                out = self.add(out, point)
            point = self.add(point, point)
            k >>= 1
        return out

    def hashed(self, message):
        return int.from_bytes(self.digest(message).digest(), "big") % self.n


CURVES = {
    P256: Curve(
        32,
        hashlib.sha256,
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    P384: Curve(
        48,
        hashlib.sha384,
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        int(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
            "c656398d8a2ed19d2a85c8edd3ec2aef",
            16,
        ),
        int(
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
            "581a0db248b0a77aecec196accc52973",
            16,
        ),
        int(
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
            "5502f25dbf55296c3a545e3872760ab7",
            16,
        ),
        int(
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
            "0a60b1ce1d7e819d7a431d7c90ea0e5f",
            16,
        ),
    ),
}
# DER of a DigestInfo before the digest itself (RFC 8017, 9.2).
PREFIXES = {
    RSASHA1: bytes.fromhex("3021300906052b0e03021a05000414"),
    RSASHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
}
DIGESTS = {RSASHA1: hashlib.sha1, RSASHA256: hashlib.sha256}


def padded(algorithm, message, size):
    """EMSA-PKCS1-v1_5."""
    info = PREFIXES[algorithm] + DIGESTS[algorithm](message).digest()
    return b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info


class PublicKey:
    """From the algorithm's byte and the key as in a DNSKEY record."""

    def __init__(self, raw):
        self.raw = raw
        self.algorithm = raw[0]
        key = raw[1:]
        if self.algorithm in CURVES:
            curve = CURVES[self.algorithm]
            assert len(key) == 2 * curve.size, "a point"
            x, y = (int.from_bytes(h, "big") for h in (key[: curve.size], key[curve.size :]))
            assert (y * y - x**3 + 3 * x - curve.b) % curve.p == 0, "a point on the curve"
            self.point = (x, y)
            self.signature_size = 2 * curve.size
        else:
            assert self.algorithm in PREFIXES, "a known algorithm"
            length, at = key[0], 1
            if length == 0:
                length, at = int.from_bytes(key[1:3], "big"), 3
            self.exponent = int.from_bytes(key[at : at + length], "big")
            self.modulus = int.from_bytes(key[at + length :], "big")
            self.signature_size = len(key) - at - length

    def verify(self, message, signature):
        if len(signature) != self.signature_size:
            return False
        if self.algorithm in PREFIXES:
            opened = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus)
            expected = padded(self.algorithm, message, self.signature_size)
            return opened.to_bytes(self.signature_size, "big") == expected
        curve = CURVES[self.algorithm]
        r = int.from_bytes(signature[: curve.size], "big")
        s = int.from_bytes(signature[curve.size :], "big")
        if not (0 < r < curve.n and 0 < s < curve.n):
            return False
        w = pow(s, -1, curve.n)
        point = curve.add(
            curve.times(curve.hashed(message) * w % curve.n, curve.base),
            curve.times(r * w % curve.n, self.point),
        )
        return point is not None and point[0] % curve.n == r


def is_prime(n):
    if any(n % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(24):
        x = pow(random.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits):
    while True:
        n = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if n % 65537 != 1 and is_prime(n):
            return n


class PrivateKey:
    """A new key; RSA's has 1024 bits."""

    def __init__(self, algorithm):
        self.algorithm = algorithm
        if algorithm in CURVES:
            curve = CURVES[algorithm]
            self.secret = secrets.randbelow(curve.n - 1) + 1
            point = curve.times(self.secret, curve.base)
            key = b"".join(c.to_bytes(curve.size, "big") for c in point)
        else:
            p, q = prime(512), prime(512)
            self.secret = pow(65537, -1, (p - 1) * (q - 1))
            key = b"\x03" + (65537).to_bytes(3, "big") + (p * q).to_bytes(128, "big")
        self.public = PublicKey(bytes([algorithm]) + key)

    def sign(self, message):
        if self.algorithm in PREFIXES:
            block = int.from_bytes(padded(self.algorithm, message, 128), "big")
            return pow(block, self.secret, self.public.modulus).to_bytes(128, "big")
        curve = CURVES[self.algorithm]
        while True:
            k = secrets.randbelow(curve.n - 1) + 1
            r = curve.times(k, curve.base)[0] % curve.n
            s = pow(k, -1, curve.n) * (curve.hashed(message) + r * self.secret) % curve.n
            if r and s:
                return r.to_bytes(curve.size, "big") + s.to_bytes(curve.size, "big")
