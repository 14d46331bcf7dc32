"""Merkle trees as in RFC 6962, section 2.1: root, inclusion proof, and its check. SHA-256; leaves are bytes."""

import hashlib
from collections.abc import Sequence

LEAF_PREFIX, NODE_PREFIX = b"\x00", b"\x01"
"""A leaf can never be passed off as an inner node."""


def hash_leaf(leaf: bytes) -> bytes:
    """The hash of a leaf. 32 bytes."""
    return hashlib.sha256(LEAF_PREFIX + leaf).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over the hashes of its children. 32 bytes."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in their order. That of no leaves is the hash of nothing. 32 bytes."""
    if not leaves:
        return hashlib.sha256().digest()
    level = [hash_leaf(leaf) for leaf in leaves]
    # The tree of RFC 6962 splits at the greatest power of two, which is the same as pairing from the left and passing the odd one on.
    while len(level) > 1:
        paired = [hash_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def prove_inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the path from a leaf to the root, lowest first. Raises IndexError if there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    level, proof = [hash_leaf(leaf) for leaf in leaves], []
    while len(level) > 1:
        if (sibling := index ^ 1) < len(level):
            proof.append(level[sibling])
        paired = [hash_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level, index = paired + level[len(paired) * 2 :], index // 2
    return proof


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf stands at this index of a tree of `size` leaves with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, hash_leaf(leaf)
    for beside in proof:
        if last == 0:
            return False
        if node % 2 or node == last:
            found = hash_node(beside, found)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            found = hash_node(found, beside)
        node, last = node // 2, last // 2
    return last == 0 and found == root
