"""How a verdict names rows, records and values: by file and line, by a key that is masked if it is personal, by form."""

from collections.abc import Iterable, Mapping

from hub.conform.rows import samples
from hub.conform.rows.samples import Row
from hub.conform.servers.trial_servers import Key
from hub.errors import HubError
from hub.ingest.quarantine.entries import show_key
from hub.sdk.manifest import Manifest

MOST_NAMED = 3
"""Records that one verdict names; it counts the others."""
LONGEST_FORM = 40


def name_row(manifest: Manifest, stream: str, row: Row) -> str:
    """The file and line of a sample row."""
    path = samples.path_of(manifest, stream)
    line = next((number for number, found in samples.read_numbered(path).items() if found == row), None)
    return f"{samples.SAMPLES_FOLDER}/{path.name}" + (f":{line}" if line else "")


def name_records(manifest: Manifest, keys: Iterable[Key]) -> str:
    """Records in words: how many, and for the first of them the sample row that each is made of."""
    wanted = sorted(keys, key=str)
    lines = {stream: _lines(manifest, stream) for stream in {stream for stream, _, _ in wanted[:MOST_NAMED]}}
    named = [_name_record(manifest, key, lines[key[0]]) for key in wanted[:MOST_NAMED]]
    more = f", and {len(wanted) - MOST_NAMED} more" if len(wanted) > MOST_NAMED else ""
    return f"{', '.join(named)}{more}"


def _name_record(manifest: Manifest, key: Key, lines: Mapping[Key, int]) -> str:
    stream, entity, source_key = key
    line = lines.get(key)
    made_of = (
        f"{samples.SAMPLES_FOLDER}/{samples.path_of(manifest, stream).name}:{line}"
        if line
        else "a row that the kit made"
    )
    return f"{stream}.{entity} {show_key(manifest, stream, entity, source_key)} ({made_of})"


def _lines(manifest: Manifest, stream: str) -> dict[Key, int]:
    """Record → the line of the sample that it is made of."""
    found: dict[Key, int] = {}
    for number, row in samples.read_numbered(samples.path_of(manifest, stream)).items():
        try:
            records = samples.map_samples(manifest, stream, [row])
        except HubError:
            continue  # a row alone may lack a column that others have
        for record in records:
            found.setdefault((stream, record["entity"], record["key"]), number)
    return found


def form_of(value: object) -> str:
    """The form of a value, which may be personal: 9 for a digit, a and A for letters, other characters as they are."""
    if value is None:
        return "no value"
    text = "".join(map(_class_of, str(value)[:LONGEST_FORM]))
    return f'"{text}{"…" if len(str(value)) > LONGEST_FORM else ""}"'


def _class_of(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isascii() and character.isprintable() else "?"
