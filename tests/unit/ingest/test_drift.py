"""Drift as a function of frames: what is found, how it is graded, and what is no drift at all."""

import string
from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.ingest.drift.detect import DriftDetector, DriftFinding, describe_outside_codes, is_covered, show_column_name
from hub.ingest.drift.value_kinds import MIN_VALUES, classify_values, is_retyped
from hub.ingest.read.reader import READER_COLUMNS
from hub.model.procedure_columns import find_columns_read, map_procedures_by_column
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest, parse_manifest
from tests.system.trial import manifest

COLUMNS = ("id", "so", "ten", "sinh", "xa", "luc", "them")
ROWS = 40


def people(columns: tuple[str, ...] = COLUMNS, **other: list[str]) -> pl.DataFrame:
    """Forty rows of the trial connector."""
    made = {
        "id": [str(n) for n in range(ROWS)],
        "so": [f"{n:012d}" for n in range(ROWS)],
        "ten": [f"Lê Văn {letter}" for letter in (string.ascii_uppercase * 2)[:ROWS]],
        "sinh": ["01/02/1980"] * ROWS,
        "xa": ["06820", "06823"] * (ROWS // 2),
        "luc": ["2026-01-01T00:00:00+07:00"] * ROWS,
        "them": ["-"] * ROWS,
        **other,
    }
    return pl.DataFrame({c: made[c] for c in columns})


def shape_of(frame: pl.DataFrame, declared: Manifest | None = None) -> dict[str, str]:
    watch = DriftDetector(declared or manifest("X"), "people", {})
    watch.check_batch(frame, frame)
    watch.check_end()
    return watch.next_shape(set(), whole=True)


def found(frame: pl.DataFrame, before: Mapping[str, str], declared: Manifest | None = None) -> list[DriftFinding]:
    watch = DriftDetector(declared or manifest("X"), "people", before)
    return [*watch.check_batch(frame, frame), *watch.check_end()]


def brief(findings: list[DriftFinding]) -> list[tuple[str, str, str]]:
    return [(f.kind, f.column, f.use.grade) for f in findings]


@given(st.permutations(COLUMNS))
@settings(deadline=None, max_examples=30)
def test_the_same_columns_in_any_order_are_no_drift(order: list[str]) -> None:
    before = shape_of(people())
    assert found(people(tuple(order)), before) == []
    assert shape_of(people(tuple(order))) == before


@given(st.sampled_from(COLUMNS), st.text(string.ascii_lowercase + "_", min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_a_renamed_column_is_seen_whatever_it_is_called(old: str, new: str) -> None:
    before = shape_of(people())
    assume(new not in COLUMNS and new not in READER_COLUMNS)
    findings = found(people().rename({old: new}), before)
    kinds = {(f.kind, f.column) for f in findings}
    assert kinds in ({("RENAMED", old)}, {("REMOVED", old), ("ADDED", new)})


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_the_same_frame_twice_is_no_drift(data: st.DataObject) -> None:
    values = st.lists(st.text(max_size=8) | st.none(), min_size=ROWS, max_size=ROWS)
    frame = people(**{c: data.draw(values) for c in data.draw(st.sets(st.sampled_from(COLUMNS)))})
    assert found(frame, shape_of(frame)) == []


def test_a_likely_new_name_is_said() -> None:
    findings = found(people().rename({"luc": "luc_cap_nhat", "sinh": "ngaysinh"}), shape_of(people()))
    assert [(f.column, f.detail) for f in findings] == [
        ("sinh", "is no longer there; it is probably ngaysinh now"),
        ("luc", "is no longer there; it is probably luc_cap_nhat now"),
    ]


def test_the_one_other_column_of_the_same_kind_is_a_new_name() -> None:
    assert brief(found(people().rename({"sinh": "dob"}), shape_of(people()))) == [("RENAMED", "sinh", "BREAKING")]
    other = people().rename({"sinh": "dob"}).with_columns(dob=pl.lit("x y"))
    assert [kind for kind, *_ in brief(found(other, shape_of(people())))] == ["REMOVED", "ADDED"]


def test_grades_follow_what_is_touched() -> None:
    declared = manifest(
        "X",
        optional=["them"],
        ignore=["la"],
        emits={
            "Citizen": {
                "fields": {
                    "personal_id": "so",
                    "full_name": "ten",
                    "former_id": "xa",
                    "residence_address": "sinh",
                    "ethnicity": "them",
                }
            }
        },
    )
    frame = people().with_columns(la=pl.lit("1"))
    before = shape_of(frame, declared)
    without = frame.drop("so", "xa", "sinh", "them", "la")
    assert brief(found(without, before, declared)) == [
        ("REMOVED", "sinh", "BREAKING"),  # a procedure reads the address
        ("REMOVED", "so", "BREAKING"),  # required
        ("REMOVED", "xa", "WARNING"),
        ("REMOVED", "la", "INFO"),
        ("REMOVED", "them", "INFO"),
    ]
    sinh, so, xa, la, _ = found(without, before, declared)
    assert sinh.use.entities == {"Citizen": ("residence_address",)}
    assert "land-right-transfer" in sinh.use.procedures
    assert set(so.use.procedures) >= set(sinh.use.procedures)
    assert (xa.stops, la.stops) == (True, False)


def test_events_leave_columns_out() -> None:
    base = manifest("X").model_dump(mode="json", exclude_unset=True)
    people_stream = {k: v for k, v in base["streams"]["people"].items() if k not in ("files", "format", "delimiter")}
    document = {**base, "source": {"kind": "push", "secret": {"env": "X"}}, "streams": {"people": people_stream}}
    declared = parse_manifest(document)
    assert found(people(("id", "so")), shape_of(people(), declared), declared) == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([str(n) for n in range(100)], "integer"),
        (["x", *(str(n) for n in range(99))], "integer"),
        (["x", "y", "z", *(str(n) for n in range(97))], "text"),
        (["1.5", *(str(n) for n in range(99))] * 1 + ["2.5", "3,5", "1.250.000"], "decimal"),
        (["01/02/1980", "1980"] * 50, "day"),
        (["2026-01-01T00:00:00+07:00"] * 20, "instant"),
        (["có", "không"] * 20, "boolean"),
        (["Nam", "Nữ"] * 20, "code"),
        ([None, "", " "] * 50, "unknown"),
        (["1"] * (MIN_VALUES - 1), "unknown"),
    ],
)
def test_kinds(values: list[str | None], kind: str) -> None:
    assert classify_values(pl.Series(values, dtype=pl.String)).kind == kind


@pytest.mark.parametrize(
    ("before", "values", "expected"),
    [
        ("integer", ["x"] * 50, True),
        ("integer", [None] * 50, False),
        ("integer", ["x"] * 5, False),
        ("integer", ["1.5"] * 50, True),
        ("decimal", ["1"] * 50, False),
        ("day", ["1980"] * 50, False),
        ("text", ["1"] * 50, True),
        ("text", ["1"] * 49 + ["x"], False),
        ("text", ["a", "b"] * 25, False),
        ("code", ["a", "b", "c"] * 20, False),
        ("code", [f"Lê Văn {n}" for n in range(50)], True),
        ("unknown", ["1"] * 50, False),
    ],
)
def test_another_kind_needs_evidence(before: str, values: list[str | None], expected: bool) -> None:
    assert is_retyped(before, classify_values(pl.Series(values, dtype=pl.String))) is expected


def test_lists_are_of_a_kind_of_their_own() -> None:
    lists = classify_values(pl.Series([["a"], ["b"]]))
    assert is_retyped("text", lists)
    assert not is_retyped("list", lists)


def test_codes_are_shown_only_where_they_look_like_codes() -> None:
    assert (
        describe_outside_codes({"XX", "da_xoa", "Trợ cấp khác"})
        == "has codes outside its list: Trợ cấp khác, XX, da_xoa"
    )
    for personal in ("Nguyễn Văn A", "022085001234", "LE VAN B", "x" * 21, "a,b"):
        assert describe_outside_codes({"XX", personal}) == "has values outside its code list, which are not shown"
    assert (
        describe_outside_codes({str(n) for n in range(11)}) == "has more than 10 different values outside its code list"
    )
    assert (
        describe_outside_codes({str(n) for n in range(412)})
        == "has more than 100 different values outside its code list"
    )


def test_approved_codes_take_in_fewer_and_no_others() -> None:
    taken = describe_outside_codes({"A", "B"})
    assert is_covered(DriftFinding("CODE", "c", describe_outside_codes({"A"})), taken)
    assert not is_covered(DriftFinding("CODE", "c", describe_outside_codes({"A", "C"})), taken)
    assert not is_covered(DriftFinding("CODE", "c", describe_outside_codes({"A"})), None)


def test_names_that_are_values_are_not_told() -> None:
    assert show_column_name("ho_va_ten") == "ho_va_ten"
    assert "022085001234" not in show_column_name("022085001234")
    assert "\x00" not in show_column_name("a\x00")
    findings = found(pl.DataFrame({"Nguyễn Văn Bí Mật": ["x"], "1980": ["y"]}), shape_of(people()))
    assert not any("Bí" in f.describe("") for f in findings)


def test_what_procedures_read_is_found_along_links_filters_and_arguments() -> None:
    read = find_columns_read(
        """query($id: PersonalId!) { citizen(by: { personalId: $id }) { ...name residence { name }
             landUseRights(first: 1, filter: {status: {eq: REGISTERED}}) { nodes { ... on LandUseRight { share } } } } }
           fragment name on Citizen { fullName }""",
        load_registry(),
    )
    assert read >= {("Citizen", "personal_id"), ("Citizen", "full_name"), ("Citizen", "residence_unit_code")}
    assert read >= {("AdministrativeUnit", "unit_code"), ("AdministrativeUnit", "name"), ("LandUseRight", "status")}
    assert read >= {("LandUseRight", "share"), ("LandUseRight", "holder_identifier")}
    assert ("Citizen", "sex") not in read
    by_column = map_procedures_by_column()
    assert by_column["BirthNotice", "mother_name"] == ("birth-residence-health-card",)
    assert "land-right-transfer" in by_column["Citizen", "residence_address"]
