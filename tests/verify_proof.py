#!/usr/bin/env python3
"""Checks proofs of the permit ledger by their published rules, with nothing but Python's standard library.

    python3 tests/verify_proof.py tests/vectors/state_proofs.json tests/vectors/log_proofs.json

A second implementation: it shares no code with the ledger. Prints one line for each proof; exit code 1 where
one fails. That the roots are final is another question: they stand in a header that a quorum signed.
"""
import hashlib
import json
import sys

EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def state_path_holds(root, entry):
    """Whether the key has the value, or is absent where the value is null, under the state root."""
    path, value, place = entry["path"], entry["value"], sha(entry["key"].encode())
    depth, other, bitmap = path["depth"], path["other"], bytes.fromhex(path["bitmap"])
    siblings = [bytes.fromhex(sibling) for sibling in path["siblings"]]
    full = [byte >> (7 - bit) & 1 for byte in bitmap for bit in range(8)]
    right = [byte >> (7 - bit) & 1 for byte in place for bit in range(8)]
    if depth > 256 or len(bitmap) != (depth + 7) // 8 or any(full[depth:]):
        return False
    if sum(full) != len(siblings) or any(len(one) != 32 or one == EMPTY for one in siblings):
        return False
    if value is not None:
        node = sha(b"JMT::LeafNode", place, sha(bytes.fromhex(value)))
    elif other is None:
        node = EMPTY
    else:
        key, node = bytes.fromhex(other["key"]), bytes.fromhex(other["value"])
        its = [byte >> (7 - bit) & 1 for byte in key for bit in range(8)]
        if len(key) != 32 or len(node) != 32 or key == place or its[:depth] != right[:depth]:
            return False
        node = sha(b"JMT::LeafNode", key, node)
    if value is not None and other is not None:
        return False
    for step, level in enumerate(reversed(range(depth))):
        sibling = siblings.pop(0) if full[step] else EMPTY
        node = sha(b"JMT::IntrnalNode", *((sibling, node) if right[level] else (node, sibling)))
    return node == root


def inclusion_holds(size, root, proof):
    """Whether the leaf stands at its index of the log (RFC 9162, 2.1.3.2)."""
    index, last, node = proof["index"], size - 1, sha(b"\0", bytes.fromhex(proof["leaf"]))
    if not 0 <= index < size:
        return False
    for hash in map(bytes.fromhex, proof["path"]):
        if last == 0 or len(hash) != 32:
            return False
        if index & 1 or index == last:
            node = sha(b"\1", hash, node)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = sha(b"\1", node, hash)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def consistency_holds(size, root, proof):
    """Whether the old log is the beginning of the log (RFC 9162, 2.1.4.2)."""
    old, old_root = proof["old_size"], bytes.fromhex(proof["old_root"])
    path = [bytes.fromhex(hash) for hash in proof["path"]]
    if not 0 < old <= size or any(len(hash) != 32 for hash in path):
        return False
    if old == size:
        return not path and root == old_root
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    index, last = old - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not path:
        return False
    was = now = path.pop(0)
    for hash in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            was, now = sha(b"\1", hash, was), sha(b"\1", hash, now)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            now = sha(b"\1", now, hash)
        index, last = index >> 1, last >> 1
    return last == 0 and was == old_root and now == root


def check(file):
    for vector in file["vectors"]:
        proof = vector["fields"]
        if "state_root" in file:
            holds = state_path_holds(bytes.fromhex(file["state_root"]), proof)
            what = ("absent  " if proof["value"] is None else "present ") + proof["key"]
        else:
            size, root = file["log_size"], bytes.fromhex(file["log_root"])
            rule = inclusion_holds if "leaf" in proof else consistency_holds
            holds = rule(size, root, proof)
            what = vector["name"]
        print("holds" if holds else "FAILS", what)
        yield holds


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            results += check(json.load(file))
    sys.exit(0 if results and all(results) else 1)
