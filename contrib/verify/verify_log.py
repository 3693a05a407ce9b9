#!/usr/bin/env python3
"""Verifies an exported log of Registry Warden. Needs Python 3.8 and the package cryptography, and nothing of Warden.

usage: verify_log.py <key lines> <folder> [<older checkpoint>...]

Key lines stand in one argument with blanks or line ends between them: more than one where the key of the log was changed,
and one of them must have signed each checkpoint. The folder is in the layout of c2sp.org/tlog-tiles: checkpoint, tile/entries/... (as they are, or with .gz).
docs/provenance-format.md says what every byte is. Ends with 0 if all is good, with a sentence and 1 if not.
"""
import base64
import gzip
import hashlib
import os
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(data):
    return hashlib.sha256(data).digest()


def open_checkpoint(path, vkey):
    try:
        return open_note(open(path, encoding="utf-8", newline="").read(), vkey)
    except ValueError as error:
        raise ValueError("%s: %s" % (path, error))


def read_key(vkey):
    name, key_id, encoded = vkey.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if raw[0] != 1 or sha256(name.encode() + b"\n" + raw)[:4].hex() != key_id:
        raise ValueError("the key line is not one of an Ed25519 log key")
    return (name, key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def open_note(note, vkeys):
    keys = dict(read_key(vkey) for vkey in vkeys.split())
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    found = None
    for line in signatures.splitlines():
        dash, signer, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        key = keys.get((signer, value[:4].hex()))
        if dash == "\u2014" and key is not None:
            key.verify(value[4:], text.encode())
            origin, size, root = text.splitlines()[:3]
            if origin != signer:
                raise ValueError("the checkpoint is of another log")
            found = int(size), base64.b64decode(root, validate=True)
    if found is None:
        raise ValueError("the checkpoint is not signed by any of the keys that were given")
    return found


def bundle(folder, index, width):
    groups = [str(index // 1000**at % 1000).zfill(3) for at in range(max(1, (len(str(index)) + 2) // 3))][::-1]
    path = os.path.join(folder, "tile", "entries", *("x" + group for group in groups[:-1]), groups[-1])
    path += "" if width == 256 else ".p/%d" % width
    data = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    for _ in range(width):
        (length,) = struct.unpack_from(">H", data)
        yield data[2 : 2 + length]
        data = data[2 + length :]
    if data:
        raise ValueError("bytes stand behind the last entry of " + path)


def root_of(stack):
    if not stack:
        return sha256(b"")
    made = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        made = sha256(b"\x01" + left + made)
    return made


def verify(vkey, folder, older):
    size, root = open_checkpoint(os.path.join(folder, "checkpoint"), vkey)
    before = {}
    for path in older:
        old_size, old_root = open_checkpoint(path, vkey)
        if old_size > size:
            raise ValueError("%s has more entries than the log: some are gone" % path)
        before.setdefault(old_size, []).append((path, old_root))
    stack = []  # (height, hash) of perfect subtrees, largest first
    count = 0
    while True:
        for path, wanted in before.get(count, []):
            if root_of(stack) != wanted:
                raise ValueError("the log does not go on from " + path)
        if count == size:
            break
        if count % 256 == 0:
            entries = bundle(folder, count // 256, min(256, size - count))
        node = (0, sha256(b"\x00" + next(entries)))
        while stack and stack[-1][0] == node[0]:
            node = (node[0] + 1, sha256(b"\x01" + stack.pop()[1] + node[1]))
        stack.append(node)
        count += 1
    if root_of(stack) != root:
        raise ValueError("the entries do not have the root that was signed")
    return size


if __name__ == "__main__":
    try:
        print("good %d" % verify(sys.argv[1], sys.argv[2], sys.argv[3:]))
    except (ValueError, OSError, StopIteration, struct.error, InvalidSignature) as error:
        sys.exit("%s: %s" % (type(error).__name__, error))
