#!/usr/bin/env python3
"""Works out the test vectors of the format anew, of seeds and entries alone. Needs Python 3.8 and cryptography, nothing of Warden.

usage: check_vectors.py [vectors.json]

docs/provenance-format.md says what every byte is. Ends with 0 if all agree, with the first that differs and 1 if not.
"""
import base64
import hashlib
import json
import os
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "registry.example/push-log"
WITNESS = "witness.example/w1"
TIME = 1700000000


def sha256(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def split(size):
    """The largest power of two below it."""
    return 1 << ((size - 1).bit_length() - 1)


def root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    at = split(len(leaves))
    return sha256(b"\x01" + root(leaves[:at]) + root(leaves[at:]))


def inclusion(index, leaves):
    """RFC 6962 section 2.1.1, as it is written there."""
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return inclusion(index, leaves[:at]) + [root(leaves[at:])]
    return inclusion(index - at, leaves[at:]) + [root(leaves[:at])]


def consistency(size, leaves, whole=True):
    """RFC 6962 section 2.1.2, as it is written there."""
    if size == len(leaves):
        return [] if whole else [root(leaves)]
    at = split(len(leaves))
    if size <= at:
        return consistency(size, leaves[:at], whole) + [root(leaves[at:])]
    return consistency(size - at, leaves[at:], False) + [root(leaves[:at])]


class Key:
    def __init__(self, name, kind, seed):
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        self.encoded = bytes([kind]) + self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha256(name.encode() + b"\n" + self.encoded)[:4]
        self.line = "%s+%s+%s" % (name, self.id.hex(), b64(self.encoded))

    def signed(self, signature):
        return "\u2014 %s %s\n" % (self.name, b64(self.id + signature))


def vectors(seeds, entries):
    log, witness = Key(ORIGIN, 1, seeds[0]), Key(WITNESS, 4, seeds[1])
    leaves = [sha256(b"\x00" + entry.encode()) for entry in entries]
    text = "%s\n%d\n%s\n" % (ORIGIN, len(leaves), b64(root(leaves)))
    note = text + "\n" + log.signed(log.private.sign(text.encode()))
    message = "cosignature/v1\ntime %d\n%s" % (TIME, text)
    cosigned = note + witness.signed(struct.pack(">Q", TIME) + witness.private.sign(message.encode()))
    included, consistent = inclusion(1, leaves), consistency(2, leaves)
    lines = lambda hashes: "".join(b64(one) + "\n" for one in hashes)
    hexes = lambda hashes: "\n".join(one.hex() for one in hashes)
    return {
        "Seeds of the log and of the witness": "\n".join(seeds),
        "Their lines": log.line + "\n" + witness.line,
        "Entries": "\n".join(entries),
        "Leaf hashes": hexes(leaves),
        "Roots of the trees of 0 to 3 entries": hexes(root(leaves[:size]) for size in range(4)),
        "The file `tile/entries/000.p/3`": b"".join(struct.pack(">H", len(one)) + one.encode() for one in entries).hex(),
        "The file `tile/0/000.p/3`": b"".join(leaves).hex(),
        "Inclusion of entry 1 in the tree of 3": hexes(included),
        "Consistency from 2 to 3": hexes(consistent),
        "Checkpoint of 3": note.rstrip("\n"),
        "The same, cosigned at %d" % TIME: cosigned.rstrip("\n"),
        "Proof file of entry 1": ("c2sp.org/tlog-proof@v1\nindex 1\n" + lines(included) + "\n" + note).rstrip("\n"),
        "What the witness is sent after it has seen 2": ("old 2\n" + lines(consistent) + "\n" + note).rstrip("\n"),
        "The log at the witness": sha256(ORIGIN.encode()).hex() + "/checkpoint",
        "The root of 3 in base64": b64(root(leaves)),
    }


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.json")
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    made = vectors(given["Seeds of the log and of the witness"].split("\n"), given["Entries"].split("\n"))
    for title in sorted(set(given) | set(made)):
        if given.get(title) != made.get(title):
            sys.exit("%s: expected %r, found %r" % (title, made.get(title), given.get(title)))
    print("good %d" % len(made))
