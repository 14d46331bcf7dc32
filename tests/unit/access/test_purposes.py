"""Loading purposes: what a folder may hold, and errors that name file, line and key."""

from pathlib import Path

import pytest

from hub.access.purposes import find_purpose, load_purpose, load_purposes, read_purposes
from hub.errors import HubMisconfigured, OperationRefused

IDENTIFY = read_purposes()["identify"].folder
DECLARATION = (IDENTIFY / "purpose.toml").read_text(encoding="utf-8")


def folder(tmp_path: Path, declaration: str = DECLARATION, name: str = "own", document: str = "{ __typename }") -> Path:
    home = tmp_path / name
    home.mkdir(parents=True)
    (home / "purpose.toml").write_text(declaration, encoding="utf-8")
    (home / "query.graphql").write_text(document, encoding="utf-8")
    return home


def test_the_package_has_these_purposes() -> None:
    found = read_purposes()
    assert {"identify", "review", "reconcile", "statistics", "portal", "public", "land-right-transfer"} <= set(found)
    assert len([code for code, one in found.items() if one.is_procedure]) == 8


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("rows = 5", "rows = 0", r"purpose\.toml:\d+: limits\.rows: .*greater than or equal to 1"),
        ('roles = ["officer"]', 'roles = ["king"]', r"users\.roles.*'officer'"),
        ('roles = ["officer"]', "", "nobody may use it"),
        ('roles = ["officer"]', 'roles = ["officer"]\noffices = ["VILLAGE"]', "no level VILLAGE: use PROVINCE"),
        ("fullName = { free = true }", "fullName = { }", "give one of subject, caller, page and free"),
        ("fullName = { free = true }", 'fullName = { subject = "him" }', "variables.fullName: no subject him"),
        ("fullName = { free = true }", 'fullName = { caller = "ids", nullable = true }', "only a free variable"),
        ("dossier = false", "dossier = true", "needs at least one subject"),
        ("dossier = false", 'dossier = false\nowner = "x"', r"purpose\.toml:\d+: owner: there is no such key here"),
        ('code = "identify"', 'code = "Identify!"', r"purpose\.toml:3: code"),
        ("[limits]", "[limits", r"purpose\.toml:37: Expected"),
        ('en = "', 'english = "', r"purpose\.toml:\d+: name\.en: is missing"),
        (
            "[users]",
            '[subjects.child]\nentity = "Citizen"\nname = {vi="a",en="b"}\n[users]',
            "subjects.child: no variable",
        ),
    ],
)
def test_a_wrong_declaration_names_file_line_and_key(tmp_path: Path, was: str, becomes: str, words: str) -> None:
    assert was in DECLARATION
    with pytest.raises(HubMisconfigured, match=words):
        load_purpose(folder(tmp_path, DECLARATION.replace(was, becomes)))


def test_a_folder_has_one_declaration_and_a_document(tmp_path: Path) -> None:
    home = folder(tmp_path)
    load_purpose(home)
    (home / "procedure.toml").write_text(DECLARATION, encoding="utf-8")
    with pytest.raises(HubMisconfigured, match="and not both"):
        load_purpose(home)
    (home / "procedure.toml").unlink()
    (home / "query.graphql").write_bytes(b"\xff")
    with pytest.raises(HubMisconfigured, match="not UTF-8"):
        load_purpose(home)
    (home / "query.graphql").write_text("#" * 200_001, encoding="utf-8")
    with pytest.raises(HubMisconfigured, match="200,001 bytes"):
        load_purpose(home)
    (home / "query.graphql").unlink()
    with pytest.raises(HubMisconfigured, match="there is no document"):
        load_purpose(home)
    (home / "purpose.toml").unlink()
    with pytest.raises(HubMisconfigured, match=r"must have purpose\.toml"):
        load_purpose(home)


def test_two_purposes_of_one_code_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured, match="two purposes have the code identify"):
        load_purposes([folder(tmp_path, name="a"), folder(tmp_path, name="b")])


def test_folders_outside_the_package_are_named_by_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, DECLARATION.replace('code = "identify"', 'code = "own-purpose"'))
    monkeypatch.setenv("HUB_PURPOSES", str(tmp_path))
    assert find_purpose("own-purpose").folder == tmp_path / "own"
    monkeypatch.setenv("HUB_PURPOSES", str(tmp_path / "absent"))
    with pytest.raises(HubMisconfigured, match="HUB_PURPOSES, HUB_PROCEDURES: there is no folder"):
        read_purposes()
    monkeypatch.setenv("HUB_PURPOSES", str(tmp_path / "own"))
    with pytest.raises(HubMisconfigured, match=r"own has a purpose\.toml itself") as refused:
        read_purposes()
    assert str(tmp_path) in str(refused.value.next_step)
    monkeypatch.setenv("HUB_PURPOSES", "")
    with pytest.raises(OperationRefused, match="there is no purpose of this code") as refused:
        find_purpose("own-purpose")
    assert refused.value.code == "UNKNOWN_PURPOSE"


def test_the_version_changes_with_any_file_and_with_nothing_else(tmp_path: Path) -> None:
    one, same = load_purpose(folder(tmp_path, name="a")), load_purpose(folder(tmp_path, name="b"))
    other = load_purpose(folder(tmp_path, name="c", document="{ __typename } # more"))
    another = load_purpose(folder(tmp_path, DECLARATION + "\n# a comment", name="d"))
    assert one.version == same.version
    assert len({one.version, other.version, another.version}) == 3
    # What moves from one file to another is a change too.
    moved = folder(tmp_path, name="e")
    (moved / "query.graphql").rename(moved / "query2.graphql")
    assert load_purpose(moved).version != one.version
