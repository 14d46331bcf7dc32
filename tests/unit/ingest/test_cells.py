"""Paths into lists: a text, nothing, or a reason. Never a crash, never a guess: whatever stands at a path, in every command.

The kind: a column that the manifest reads as a text and that holds a list or an object (Polars raises InvalidOperationError).
"""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conform.preview import preview_stream
from hub.conform.rows import samples
from hub.errors import HubMisconfigured
from hub.ingest.connectors import load_connector
from hub.ingest.read.json_rows import build_empty_frame, build_frame, decode_json
from hub.ingest.read.messages import JsonMessage
from hub.ingest.read.messages import build_message_frame as frame_of_messages
from hub.ingest.read.reader import ReadBatch
from hub.ingest.transform.prepare import BatchPreparer, PreparedBatch
from hub.ingest.values.cells import Cells
from hub.sdk.manifest import Manifest, parse_manifest
from hub.sdk.paths import AmbiguousPath, parse_path, select_value, split_at_list
from tests.system.reading import FACTS

CASE = Path(__file__).parents[2] / "cases" / "list-path-crash" / "bhxh"
FIELDS = {"personal_id": "so", "full_name": "ten", "residence_address": "giay_to[loai=CCCD].so"}


def manifest(fields: dict[str, Any] = FIELDS, kind: str = "rest", **stream: Any) -> Manifest:
    sources = {"rest": {"kind": "rest", "base_url": {"env": "X"}}, "push": {"kind": "push", "secret": {"env": "X"}}}
    places = {"rest": {"path": "/x"}, "push": {"deletes": "none"}}
    emits = {"emits": {"Citizen": {"fields": fields}}}
    return parse_manifest(
        {**FACTS, "source": sources[kind], "streams": {"people": {"key": ["so"], **places[kind], **emits, **stream}}}
    )


def row(papers: Any, number: int = 1) -> dict[str, Any]:
    return {"so": f"{number:012d}", "ten": "Lê Văn An", "giay_to": papers}


def prepared(declared: Manifest, *rows: dict[str, Any]) -> PreparedBatch:
    frame = build_frame([decode_json(json.dumps(r).encode()) for r in rows])
    return BatchPreparer(declared, "people", {}).prepare(ReadBatch(frame), None)


CCCD, GPLX = {"loai": "CCCD", "so": "1"}, {"loai": "GPLX", "so": "2"}


def test_the_item_that_meets_the_condition_is_read_and_two_of_them_reject_the_row() -> None:
    found = prepared(manifest(), row([GPLX, CCCD], 1), row([], 2), row(None, 3), row([CCCD, CCCD], 4), row([GPLX], 5))
    (part,) = found.parts
    assert part.accepted["residence_address"].to_list() == ["1", None, None, None]
    assert part.rejected.select("row", "field", "rule").rows() == [(3, "residence_address", "ambiguous")]
    assert "several items" in part.rejected["reason"][0]


def test_a_second_match_changes_the_digest_of_a_row() -> None:
    frame = build_frame([row([CCCD]), row([CCCD, CCCD]), row([GPLX, CCCD])])
    from hub.ingest.transform.map import READ_DIGEST

    found = BatchPreparer(manifest(), "people", {})._add_digests(frame)[READ_DIGEST].to_list()
    assert found[0] != found[1]
    assert found[0] == found[2]  # what no field is made of is no change


VALUES = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["CCCD", "x"]))
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"loai": VALUES, "so": VALUES, "o": st.one_of(st.none(), st.fixed_dictionaries({"a": VALUES}))}
    ),
    max_size=3,
)
PATHS = ["d[0].so", "d[-1].so", "d[1].o.a", "d[loai=CCCD].so", "d[loai=x].o.a", "d[o.a=x].so", "d[no=x].so", "d[0].no"]


@given(st.lists(st.one_of(st.none(), ITEMS), min_size=1, max_size=5), st.sampled_from(PATHS))
@settings(deadline=None)
def test_columns_and_documents_are_read_alike(lists: list[Any], path: str) -> None:
    frame = pl.DataFrame({"n": list(range(len(lists))), "d": lists}, strict=False)
    cells = Cells(frame.schema, lists=True)
    got = frame.select(cells.text(path)).to_series()
    several = cells.find_ambiguous(path)
    marks = frame.select(several).to_series() if several is not None else [False] * len(lists)
    for at, given_list in enumerate(lists):
        try:
            assert got[at] == select_value({"d": given_list}, parse_path(path))
            assert not marks[at]
        except AmbiguousPath:
            assert marks[at]


SHAPES = st.recursive(
    st.one_of(st.none(), st.text(max_size=2), st.integers(0, 9), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=6,
)


@given(
    st.lists(SHAPES, min_size=1, max_size=3),
    st.sampled_from(["d", "d[0]", "d.a", "d[0].a", "d[a=1]", "d[a=1].b", "d[0][0]"]),
)
@settings(deadline=None, max_examples=300)
def test_whatever_stands_at_a_path_is_read_or_told_by_field_and_path(values: list[Any], path: str) -> None:
    declared = manifest({"personal_id": "so", "full_name": "ten", "residence_address": path})
    from polars.exceptions import PolarsError

    try:
        frame = build_frame([decode_json(json.dumps({**row([]), "d": value}).encode()) for value in values])
    except PolarsError:
        return  # the reader says so
    told = ""
    try:
        BatchPreparer(declared, "people", {}).prepare(ReadBatch(frame), None)
    except HubMisconfigured as error:
        told = str(error)
    assert not told or ("residence_address" in told and "Next step" in told)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("key", {"key": ["giay_to"]}),
        ("changed_at", {"changed_at": "giay_to"}),
        ("tombstone", {"deletes": "tombstone", "tombstone": {"column": "giay_to", "values": ["x"]}}),
        ("patches", {"patches": [{"column": "giay_to", "value": "x"}]}),
        ("when", {"emits": {"Citizen": {"fields": FIELDS, "when": {"column": "giay_to", "values": ["x"]}}}}),
        ("explode", {"emits": {"Citizen": {"fields": FIELDS, "explode": "ten"}}}),
    ],
)
def test_every_place_that_reads_a_text_refuses_a_list(key: str, value: dict[str, Any]) -> None:
    with pytest.raises(HubMisconfigured, match=key):
        prepared(manifest(**value), row([CCCD]))


def test_the_case_is_told_by_line_in_preview_and_check_and_read_once_its_path_is_right(tmp_path: Path) -> None:
    declared = load_connector(CASE)
    with pytest.raises(HubMisconfigured) as caught:
        preview_stream(declared, "participants", 7, from_samples=True)
    assert "bhxh/manifest.toml:29: streams.participants.emits.Citizen.fields.personal_id" in str(caught.value)
    assert "giay_to is a list: name one of its items, e.g. nguoi_tham_gia.giay_to[0].so" in str(caught.value)
    with pytest.raises(HubMisconfigured, match="is a list"):
        samples.map_samples(declared, "participants", samples.read_samples(samples.path_of(declared, "participants")))
    text = (CASE / "manifest.toml").read_text("utf-8")
    (tmp_path / "bhxh").mkdir()
    (tmp_path / "bhxh" / "samples").symlink_to(CASE / "samples")
    mended = text.replace('"nguoi_tham_gia.giay_to"', '"nguoi_tham_gia.giay_to[loai=CCCD].so"')
    (tmp_path / "bhxh" / "manifest.toml").write_text(mended, "utf-8")
    found = preview_stream(load_connector(tmp_path / "bhxh"), "participants", 7, from_samples=True)
    numbers = [r["fields"].get("personal_id") for r in found.records if r["entity"] == "Citizen"]
    assert numbers[:2] == ["022072000000", "022187000001"]
    assert len(numbers) == 7


@pytest.mark.parametrize("path", ["giay_to[0].so", "giay_to[loai=CCCD].so"])
def test_messages_and_empty_lists_keep_what_a_path_leads_into(path: str) -> None:
    declared = manifest({**FIELDS, "residence_address": path}, kind="push")
    bodies = [
        JsonMessage(json.dumps(row(papers, n)).encode()) for n, papers in enumerate([[CCCD], [], None, "no list"])
    ]
    frame = frame_of_messages(bodies, declared.streams["people"], "")
    (part, _) = BatchPreparer(declared, "people", {}).prepare(ReadBatch(frame), None).parts
    assert part.accepted["residence_address"].to_list() == ["1", None, None]
    none = manifest({**FIELDS, "residence_address": path})
    BatchPreparer(none, "people", {}).prepare(ReadBatch(build_empty_frame(none.streams["people"])), None)
    assert split_at_list(path)[0] in none.streams["people"].list_columns()
