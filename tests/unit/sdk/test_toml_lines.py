"""The line that an error of a manifest points at, and the words it says there."""

from pathlib import Path

import pytest

from hub.sdk.manifest import WrongManifest, load_manifest
from hub.sdk.toml_lines import find_line

TEXT = '''\
name = "land"
title = { vi = "a", en = "b" }

[source] # where
kind = "rest"
auth.kind = "api_key"
base_url = { env = "X" }

[streams.parcels]
note = """
key = ["no"]
[streams.rights]
"""
key = [
    "id",
]

[[streams.parcels.patches]]
column = "a"

[[streams.parcels.patches]]
column = "b"
[streams.parcels.patches.where]
column = "c"

[ streams . "quyền" ]
key = ["id"]
"lạ" = 1
'''


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("name",), 1),
        (("title", "fr"), 2),
        (("source",), 4),
        (("source", "rest", "timeout_s"), 4),
        (("source", "auth", "api_key", "key"), 6),
        (("source", "auth", "kind"), 6),
        (("streams", "parcels", "key"), 14),
        (("streams", "parcels", "key", 0), 14),
        (("streams", "parcels", "path"), 9),
        (("streams", "parcels", "patches", 0, "value"), 18),
        (("streams", "parcels", "patches", 0, "column"), 19),
        (("streams", "parcels", "patches", 1, "column"), 22),
        (("streams", "parcels", "patches", 1, "where", "column"), 24),
        (("streams", "quyền", "lạ"), 28),
        (("streams", "quyền", "name"), 26),
        (("owner",), 1),
        ((), 1),
    ],
)
def test_a_location_has_the_line_of_its_key_or_of_what_holds_it(location: tuple[int | str, ...], line: int) -> None:
    assert find_line(TEXT, location) == line


GOOD = """\
name = "trial"
title = { vi = "Thử", en = "Trial" }
sector = "citizen"
owner = "-"
legal_basis = "-"
version = "1"
freshness = "-"

[source]
kind = "sql"
url = { env = "TRIAL_URL" }

[streams.people]
table = "nguoi"
key = ["id"]

[streams.people.emits.Citizen.fields]
personal_id = "so"
full_name = { column = "ten" }
"""


def wrong(folder: Path, text: str) -> list[str]:
    (folder / "trial").mkdir(exist_ok=True)
    path = folder / "trial" / "manifest.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongManifest) as caught:
        load_manifest(path)
    assert caught.value.next_step
    return [f"{fault.line}: {fault.key}: {fault.what}" for fault in caught.value.faults]


def test_a_manifest_knows_its_folder(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "manifest.toml").write_text(GOOD, encoding="utf-8")
    assert load_manifest(tmp_path / "trial" / "manifest.toml").folder == tmp_path / "trial"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key = ["id"]', 'key = "id"', "15: streams.people.key: must be a list, e.g. ["),
        ('key = ["id"]', 'kee = ["id"]', "13: streams.people.key: is missing"),
        ('key = ["id"]', 'kee = ["id"]', "15: streams.people.kee: there is no such key here"),
        ('{ env = "TRIAL_URL" }', '"SECRET"', "11: source.url: must be a reference"),
        ('{ env = "TRIAL_URL" }', '{ evn = "X" }', "11: source.url: must be a reference"),
        ('kind = "sql"', 'kind = "odbc"', "10: source.kind: must be 'sql', 'files'"),
        (
            '{ column = "ten" }',
            '{ column = "ten", constant = "x" }',
            "19: streams.people.emits.Citizen.fields.full_name",
        ),
        (
            '{ column = "ten" }',
            '{ column = "ten", cods = "vi" }',
            "19: streams.people.emits.Citizen.fields.full_name.cods",
        ),
        ('key = ["id"]', 'key = ["id"]\nread = "incremental"', 'read = "incremental" requires cursor'),
    ],
)
def test_each_fault_is_said_with_its_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = wrong(tmp_path, GOOD.replace(old, new))
    assert any(said in fault for fault in found), found
    assert "SECRET" not in "".join(found)


def test_the_message_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    path = tmp_path / "trial" / "manifest.toml"
    path.write_text(GOOD.replace('version = "1"', "version = 1"), encoding="utf-8")
    with pytest.raises(WrongManifest, match=r"^[^/]+/trial/manifest\.toml:6: version: must be text in quotes"):
        load_manifest(path)
