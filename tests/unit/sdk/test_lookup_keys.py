"""A source key, as ingest builds it, gives back the values of its key columns."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.transform.map import build_source_key
from hub.sdk.lookup_keys import build_lookup_key, count_keys_per_request, promises_lookup, split_source_key
from hub.sdk.streams import RestStream, SoapStream, SqlStream

PARTS = st.text(alphabet=st.sampled_from("ab|\\ ,/đ"), min_size=0, max_size=8)
EMITS = {"Citizen": {"fields": {"full_name": "a"}}}
ITEMS = {"Citizen": {"fields": {"full_name": "c.ten"}, "explode": "c", "item_key": ["c.so"]}}


@given(st.lists(PARTS, min_size=1, max_size=3), st.booleans(), PARTS)
def test_a_key_is_split_into_what_it_was_built_from(parts: list[str], items: bool, item: str) -> None:
    columns = [f"k{n}" for n in range(len(parts))]
    stream = SqlStream.model_validate({"table": "t", "key": columns, "emits": ITEMS if items else EMITS})
    frame = pl.DataFrame([parts], schema=dict.fromkeys(columns, pl.String), orient="row")
    key = frame.select(build_source_key(stream)).item()
    assert split_source_key(stream, key) == tuple(parts)
    assert build_lookup_key(stream, key) == key
    if items:
        escaped = item.replace("\\", "\\\\").replace("|", "\\|")
        assert build_lookup_key(stream, f"{key}|#|{escaped}") == key


def test_requests_have_as_many_keys_as_the_source_takes() -> None:
    rest = {"path": "/rows", "key": ["id"], "emits": EMITS}
    soap = {"operation": "o", "records": "r", "key": ["id"], "emits": EMITS}
    one_each = RestStream.model_validate({**rest, "lookup": {"path": "/rows/{key}"}})
    several = RestStream.model_validate({**rest, "lookup": {"path": "/rows", "parameter": "ids", "batch": 7}})
    called = SoapStream.model_validate({**soap, "lookup": {"operation": "l", "argument": "a"}})
    assert [count_keys_per_request(stream) for stream in (one_each, several, called)] == [1, 7, 1]
    assert not promises_lookup(RestStream.model_validate(rest))
    assert not promises_lookup(SqlStream.model_validate({"table": "t", "key": ["id"], "emits": EMITS}))
    assert promises_lookup(called)
