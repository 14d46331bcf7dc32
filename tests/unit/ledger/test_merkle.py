"""Merkle trees: the vectors of RFC 6962's reference implementation, and the laws of roots and proofs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.checkpoints.merkle import hash_leaf, hash_node, is_included, merkle_root, prove_inclusion

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the first 0, 1, … 8 leaves: certificate-transparency, cpp/merkletree/merkle_tree_test.cc."""
TREES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert merkle_root(LEAVES[:size]).hex() == ROOTS[size]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hash_leaf(leaves[0])
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hash_node(recursive_root(leaves[:k]), recursive_root(leaves[k:]))


@given(TREES)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == recursive_root(leaves)


@given(TREES, st.data())
def test_each_leaf_is_proved_and_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, proof = merkle_root(leaves), prove_inclusion(leaves, index)
    assert is_included(leaves[index], index, len(leaves), proof, root)
    assert not is_included(leaves[index] + b"x", index, len(leaves), proof, root)
    assert not is_included(leaves[index], index, len(leaves), [*proof, bytes(32)], root)
    assert not is_included(leaves[index], index, len(leaves), proof[:-1], root) or not proof
    assert not is_included(leaves[index], len(leaves), len(leaves), proof, root)


@given(TREES, st.data())
def test_another_leaf_has_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.binary(max_size=8).filter(lambda leaf: leaf != leaves[index]))
    assert merkle_root([*leaves[:index], other, *leaves[index + 1 :]]) != merkle_root(leaves)
