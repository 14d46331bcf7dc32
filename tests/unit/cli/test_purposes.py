"""`hub purposes`, as it is typed."""

import json
from pathlib import Path

import pytest

from hub.access.purposes import read_purposes
from hub.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["purposes", *arguments])
    assert ended.value.code == 0, capsys.readouterr().err
    return capsys.readouterr().out


def copy_of(code: str, home: Path) -> Path:
    folder = read_purposes()[code].folder
    home.mkdir()
    for path in folder.iterdir():
        (home / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return home


def test_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["code"] for row in json.loads(run(capsys, "list", "--json"))} == set(read_purposes())
    assert "identify" in run(capsys, "list")
    shown = run(capsys, "show", "identify")
    assert "may filter by Citizen.birthDate (eq any value) at citizens" in shown
    assert "rows of one operation: at most 5" in shown
    assert "everything stored may be read, masked" in run(capsys, "show", "explore")
    reads = json.loads(run(capsys, "show", "identify", "--json"))["reads"]
    assert {"citizen.fullName", "citizens.nodes.fullName"} <= {read["path"] for read in reads}


def test_who_reads_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "who", "Citizen.ethnicity")
    assert "portal (app clients): may read Citizen.ethnicity at citizen.ethnicity [own.graphql OwnData]" in found
    assert "which tells of Citizen.ethnicity" in found
    assert "land-right-transfer" not in found
    assert "portal" in run(capsys, "who", "citizen.landUseRights.nodes.status")
    masked = "explore (operator, explorer clients): may read everything that is stored, masked\n"
    assert run(capsys, "who", "AdministrativeUnit.area").endswith(masked)
    derived = json.loads(run(capsys, "who", "AdministrativeUnit.area", "--json"))
    assert {read["purpose"] for read in derived} == {"corrections"}, "disputed values are of any field"
    with pytest.raises(SystemExit) as ended:
        main(["purposes", "who", "Citizen.height"])
    assert ended.value.code == 64
    assert "the schema has no field Citizen.height" in capsys.readouterr().err


def test_diff_of_two_versions(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    new = copy_of("identify", tmp_path / "new")
    document = new / "identify.graphql"
    document.write_text(document.read_text(encoding="utf-8").replace("  sex\n", "  ethnicity\n"), encoding="utf-8")
    words = run(capsys, "diff", "identify", str(new))
    assert "wider: may now read Citizen.ethnicity at citizen.ethnicity" in words
    assert "narrower: may no longer read Citizen.sex at citizens.nodes.sex" in words
    assert {"wider", "narrower"} == {
        change["effect"] for change in json.loads(run(capsys, "diff", "identify", str(new), "--json"))
    }
    assert "no change of permissions" in run(capsys, "diff", "identify", "identify")


def test_lint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert f"no errors in purposes: {len(read_purposes())} checked" in run(capsys, "lint")
    bad = copy_of("identify", tmp_path / "bad")
    (bad / "more.graphql").write_text("query M($x: Int) {\n  citizens(first: $x) { totalCount }\n}", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["purposes", "lint", str(bad)])
    assert ended.value.code == 78
    printed = capsys.readouterr()
    assert "more.graphql:1: the variable $x is not bound" in printed.out
    assert "errors in purposes: 1" in printed.err
    unknown = copy_of("land-right-transfer", tmp_path / "copy")
    (unknown / "transferor.graphql").write_text(
        (unknown / "transferor.graphql")
        .read_text(encoding="utf-8")
        .replace("    birthDate\n", "    birthDate\n    sex\n", 1),
        encoding="utf-8",
    )
    with pytest.raises(SystemExit):
        main(["purposes", "lint", str(unknown)])
    assert "citizen.sex is selected, and no requirement uses it" in capsys.readouterr().out
