"""Digests: a row is known where its mapped values are the same, and nothing it is read by has changed."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.connectors import load_manifests
from hub.ingest.transform.row_digests import KnownDigests, compute_digests, compute_seed

ROWS = st.lists(st.tuples(st.text(max_size=4), st.one_of(st.none(), st.text(max_size=4))), min_size=1, max_size=30)


def digest(rows: list[tuple[str, str | None]], seed: int = 7) -> list[int]:
    return compute_digests(
        pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row"), ["a", "b"], seed
    ).to_list()


@given(ROWS, ROWS)
def test_equal_rows_have_equal_digests_and_others_do_not(
    one: list[tuple[str, str | None]], other: list[tuple[str, str | None]]
) -> None:
    found = dict(zip(digest(one), one, strict=True))
    for row, made in zip(other, digest(other), strict=True):
        assert (made in found) == (row in one)
    assert 0 not in found


@given(ROWS)
def test_another_seed_knows_nothing(rows: list[tuple[str, str | None]]) -> None:
    assert not set(digest(rows)) & set(digest(rows, seed=8))


@settings(deadline=None)
@given(st.sets(st.integers(-(2**63), 2**63 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_known_are_those_of_the_store_and_the_rest_is_unseen(held: set[int], read: list[int]) -> None:
    read += list(held)[::2]
    known = KnownDigests(np.array(sorted(held), dtype=np.int64))
    assert known.mark_seen(pl.Series(read, dtype=pl.Int64)).to_list() == [value in held for value in read]
    assert set(known.list_unseen()) == held - set(read)


@given(st.lists(st.integers(-3, 3)))
def test_digests_of_several_rows_are_told_from_those_of_one(held: list[int]) -> None:
    known = KnownDigests(np.array(held, dtype=np.int64))
    assert known.rows == len(held)
    assert set(known.repeated) == {value for value in held if held.count(value) > 1}


def test_the_seed_changes_with_what_rows_are_read_by_and_with_nothing_else() -> None:
    manifest = load_manifests()["population"]
    stream = manifest.streams["citizens"]
    seed = compute_seed(manifest, "citizens", b"")

    def changed(**update: object) -> int:
        streams = {**manifest.streams, "citizens": stream.model_copy(update=update)}
        return compute_seed(manifest.model_copy(update={"streams": streams}), "citizens", b"")

    assert seed == changed() == changed(max_deleted=0.5, ignore=())
    assert len({seed, changed(key=("other",)), changed(changed_at=None), compute_seed(manifest, "citizens", b"x")}) == 4
