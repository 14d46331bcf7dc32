"""Reading a folder of truth: what belongs where, and what is refused."""

from pathlib import Path

import pytest

from hub.errors import HubMisconfigured
from hub.link.evaluate.falses import FalseLink, label_into
from hub.link.evaluate.truth import links_of, read_index, subjects_of

LINKS = """
[[links]]
file = "a.csv"
role = "holder"
source_key = "{source_id}|{role}"
connector = "land"
stream = "rights"
field = "LandUseRight.holder"
"""
ROWS = "source_id,role,subject_kind,subject_key,dirt\n1,holder,person,A,\n1,holder,person,A,duplicate\n2,parcel,parcel,B,\n"


def folder(tmp_path: Path, index: str, rows: str = ROWS) -> Path:
    (tmp_path / "truth.toml").write_text(index, encoding="utf-8")
    (tmp_path / "a.csv").write_text(rows, encoding="utf-8")
    return tmp_path


def test_rows_of_a_role_by_their_key_in_the_store_each_once(tmp_path: Path) -> None:
    truth = read_index(folder(tmp_path, LINKS))
    (entry,) = truth.links
    assert entry.field == "LandUseRight.holder"
    assert links_of(truth, entry).rows() == [("1|holder", "person", "A", "")]


def test_without_a_role_all_rows_count(tmp_path: Path) -> None:
    truth = read_index(folder(tmp_path, LINKS.replace('role = "holder"\n', "")))
    assert links_of(truth, truth.links[0])["source_key"].to_list() == ["1|holder", "2|parcel"]


def test_subjects_are_those_of_their_kind(tmp_path: Path) -> None:
    index = '[[subjects]]\nfile = "a.csv"\nkind = "parcel"\nconnector = "land"\nstream = "parcels"\nentity = "Parcel"\n'
    truth = read_index(folder(tmp_path, index))
    assert subjects_of(truth, truth.subjects[0]).rows() == [("2", "parcel", "B")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("LandUseRight.holder", "LandUseRight.owner"), "LandUseRight.owner"),
        (("LandUseRight.holder", "Right.holder"), "Right"),
        (('stream = "rights"\n', ""), "stream is missing"),
        (("role =", "rolle ="), "rolle is not known"),
        (("a.csv", "b.csv"), "b.csv"),
        (("[[links]]", "[[links"), "not TOML"),
    ],
)
def test_an_index_that_names_what_there_is_not_is_refused(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(HubMisconfigured, match=words):
        read_index(folder(tmp_path, LINKS.replace(*change)))


def test_a_folder_without_an_index_and_a_file_without_its_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured, match=r"no truth\.toml"):
        read_index(tmp_path)
    truth = read_index(folder(tmp_path, LINKS, "source_id,role\n1,holder\n"))
    with pytest.raises(HubMisconfigured, match="no column subject_kind"):
        links_of(truth, truth.links[0])


def test_duplicates_of_what_the_schema_does_not_look_for_are_refused(tmp_path: Path) -> None:
    index = '[[duplicates]]\nfile = "a.csv"\nconnector = "land"\nstream = "parcels"\nentity = "Parcel"\n'
    with pytest.raises(HubMisconfigured, match="duplicates of Parcel"):
        read_index(folder(tmp_path, index))


FALSE = FalseLink(
    "Benefit.beneficiary", 1, 2, 2, "Citizen", "PROBABLE", "model:party:1", 9.5, 0.99, [], "run:1", ("year_only",), "a homonym",
    ("finance", "benefits", "QĐ-1"), ("population", "citizens", "7"), {"recorded": {"name": "Nguyễn Văn A"}},
)  # fmt: skip


def test_a_labelled_pair_is_added_once_and_holds_no_value(tmp_path: Path) -> None:
    path = tmp_path / "labels" / "pairs.jsonl"
    assert label_into(path, [FALSE]) == 1
    assert label_into(path, [FALSE]) == 0
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert "Nguyễn" not in line
    assert '"reason":"a homonym"' in line
    assert '"source_key":"QĐ-1"' in line


def test_a_file_that_holds_no_labelled_pairs_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes\n", encoding="utf-8")
    with pytest.raises(HubMisconfigured, match="line 1 is no labelled pair"):
        label_into(path, [FALSE])
    assert path.read_text(encoding="utf-8") == "notes\n"
