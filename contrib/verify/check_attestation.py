#!/usr/bin/env python3
"""Checks an attestation of Registry Warden and its proof. Needs Python 3.8 and the package cryptography, and nothing of Warden.

usage: check_attestation.py <key lines of the log> <attestations> <key of attestations> [<record>]

Attestations are DSSE envelopes or Sigstore bundles, one on each line; their key is in PEM, the record is the bytes as the log
has them. Those without a proof, such as summaries, are checked for their signature alone; one with a proof must be there.
docs/provenance-format.md says what every byte is. Ends with 0 if all is good, with a sentence and 1 if not.
"""
import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from verify_log import open_note, sha256

FIELD = "urn:registry-warden:log-proof:v1"


def unpack(text):
    return base64.b64decode(text, validate=True)


def statement_of(document, pem):
    envelope = document.get("dsseEnvelope", document)
    kind, payload = envelope["payloadType"].encode(), unpack(envelope["payload"])
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    load_pem_public_key(pem).verify(unpack(envelope["signatures"][0]["sig"]), signed, ECDSA(SHA256()))
    return json.loads(payload)


def root_from(leaf, index, size, path):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        raise ValueError("there is no such entry in the tree")
    made, at, last = leaf, index, size - 1
    for one in path:
        if last == 0:
            raise ValueError("the path is too long")
        if at % 2 == 1 or at == last:
            made = sha256(b"\x01" + one + made)
            while at % 2 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            made = sha256(b"\x01" + made + one)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ValueError("the path is too short")
    return made


def check(vkey, document, pem, record):
    statement = statement_of(document, pem)
    (subject,) = statement["subject"]
    image = "%s@sha256:%s" % (subject["name"], subject["digest"]["sha256"])
    proof = statement["predicate"].get(FIELD)
    if proof is None:
        # Signed as it is; but it is not to pass among those that have one.
        print("%s carries no proof: its signature alone was looked at" % ascii(image), file=sys.stderr)
        return None
    leaf = unpack(proof["leafHash"])
    head, note = proof["proof"].split("\n\n", 1)
    lines = head.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise ValueError("its proof is of another form")
    if lines[0].startswith("extra "):
        lines.pop(0)
    word, index = lines.pop(0).split(" ")
    if word != "index":
        raise ValueError("its proof is of another form")
    size, root = open_note(note, vkey)
    if root_from(leaf, int(index), size, [unpack(line) for line in lines]) != root:
        raise ValueError("the path does not lead to the root that was signed")
    if record is not None:
        if sha256(b"\x00" + record) != leaf:
            raise ValueError("the record is not the one that is proved")
        about = json.loads(record)["subject"]
        if image.split("/", 1)[1:] != ["%s@%s" % (about["repo"], about["digest"])]:
            raise ValueError("the record is not of " + image)
    return "record %s in a tree of %d: %s" % (index, size, image)


def read(path):
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    try:
        vkey, attestation, pem = sys.argv[1:4]
        record = read(sys.argv[4]) if len(sys.argv) > 4 else None
        results = [check(vkey, json.loads(line), read(pem), record) for line in read(attestation).splitlines() if line]
        proved = [result for result in results if result is not None]
        if not proved:
            raise ValueError("none of the attestations says where its record is in the log")
        for result in proved:
            print("good: " + result)
    except (ValueError, KeyError, OSError, InvalidSignature) as error:
        sys.exit("%s: %s" % (type(error).__name__, error))
