"""Purposes: why a caller may read, and exactly what. A purpose is a folder with `purpose.toml` and its GraphQL documents.

    schema/purposes/identify/
        purpose.toml          legal basis, who may use it, subjects, variables, limits
        identify.graphql      the documents are the permission: nothing that they do not select can be read

A procedure is a purpose with requirements: its folder has `procedure.toml`, which `hub.procedures` reads in full. A purpose is
versioned by the hash of its files, so a dossier names exactly what its reads were allowed by.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

import schema
from hub.access.purpose_declaration import PurposeDeclaration, PurposeOfProcedure
from hub.errors import HubMisconfigured, OperationRefused
from hub.sdk.key_faults import describe_key_fault
from hub.sdk.toml_lines import find_line
from hub.settings import load_settings as load_settings

HOMES = tuple(Path(schema.__file__).parent / name for name in ("purposes", "procedures"))
"""Folders of the package that have a folder for each purpose."""
PURPOSE_FILE, PROCEDURE_FILE = "purpose.toml", "procedure.toml"
KEY_PAGES = {PURPOSE_FILE: "docs/how-to/write-a-purpose.md", PROCEDURE_FILE: "docs/reference/procedure.md"}
FOLDER_SETTINGS = ("HUB_PURPOSES", "HUB_PROCEDURES")
MAX_PURPOSES = 200
MAX_DOCUMENTS = 30
"""Documents of one purpose."""
MAX_FILE_BYTES = 200_000
ENCODING = "utf-8-sig"
"""UTF-8, with or without the mark that editors on Windows begin a file with."""
TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
LANGUAGES = ("vi", "en")
KEY_NAMED_FIRST = re.compile(r"^[a-z_]+(?:\.[a-z0-9_-]+)+(?=: )")
"""What a check of a whole declaration says first: the key that it is about."""
NAMING_CODE = re.compile(r"[A-Za-z0-9_-]{1,60}")
"""The code by which a fault names an item of a list; an item with another code is named by its number."""
FAULT_SEPARATOR = "; "
Declaration = TypeVar("Declaration", bound=PurposeDeclaration)
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class PurposeDocument:
    """One GraphQL document of a purpose."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Name of the file without its ending."""
        return self.path.stem


@dataclass(frozen=True)
class Purpose:
    """A purpose as its folder has it. `version` is 64 hex digits: the hash of the declaration and the documents."""

    folder: Path
    declaration: PurposeDeclaration
    documents: tuple[PurposeDocument, ...]
    version: str

    @property
    def code(self) -> str:
        """The name that a dossier or a request gives."""
        return self.declaration.code

    @property
    def is_procedure(self) -> bool:
        """Whether it also has requirements that `hub.procedures` answers."""
        return isinstance(self.declaration, PurposeOfProcedure)


def read_purposes() -> Mapping[str, Purpose]:
    """Every purpose by code: those of the package, then those of HUB_PURPOSES and HUB_PROCEDURES. Raises HubMisconfigured."""
    return _configured_purposes(tuple(os.environ.get(name) for name in FOLDER_SETTINGS))


def find_purpose(code: str, known: Mapping[str, Purpose] | None = None) -> Purpose:
    """The purpose of this code. Raises OperationRefused with UNKNOWN_PURPOSE.

    `known` are the purposes to look among. Without them the settings are read anew, which takes milliseconds.
    """
    known = read_purposes() if known is None else known
    found = known.get(code)
    if found is None:
        raise OperationRefused(
            "there is no purpose of this code", code="UNKNOWN_PURPOSE", next_step=f"use one of: {', '.join(known)}"
        )
    return found


@cache
def _configured_purposes(given: tuple[str | None, ...]) -> Mapping[str, Purpose]:
    """The purposes while these settings stand. Reading all settings takes milliseconds, and each request asks for its purpose."""
    settings = load_settings()
    return _purposes(os.pathsep.join(part for part in (settings.purposes, settings.procedures) if part))


@cache
def _purposes(more: str) -> Mapping[str, Purpose]:
    homes = [*HOMES, *(Path(part) for part in more.split(os.pathsep) if part)]
    return load_purposes(folder for home in homes for folder in _folders(home))


def load_purposes(folders: Iterable[Path]) -> Mapping[str, Purpose]:
    """The purposes of these folders by code, in order of code. Raises HubMisconfigured naming file, line and key."""
    found: dict[str, Purpose] = {}
    for folder in folders:
        purpose = load_purpose(folder)
        other = found.get(purpose.code)
        if other is not None:
            raise HubMisconfigured(
                f"two purposes have the code {purpose.code}: {other.folder} and {folder}",
                next_step="give one of them another code",
            )
        found[purpose.code] = purpose
        if len(found) > MAX_PURPOSES:
            raise HubMisconfigured(f"there are more than {MAX_PURPOSES} purposes", next_step="check HUB_PURPOSES")
    return dict(sorted(found.items()))


def load_purpose(folder: Path) -> Purpose:
    """Read one folder. Raises HubMisconfigured naming file, line and key."""
    declared = declaration_file(folder)
    text = read_purpose_file(declared)
    is_procedure = declared.name == PROCEDURE_FILE
    kind: type[PurposeDeclaration] = PurposeOfProcedure if is_procedure else PurposeDeclaration
    declaration = parse_declaration(declared, text, kind)
    documents = tuple(PurposeDocument(path, read_purpose_file(path)) for path in sorted(folder.glob("*.graphql")))
    if not documents:
        raise HubMisconfigured(
            f"{folder}: there is no document", next_step="add a file, e.g. query.graphql: what it selects may be read"
        )
    if len(documents) > MAX_DOCUMENTS:
        raise HubMisconfigured(
            f"{folder}: there are more than {MAX_DOCUMENTS} documents", next_step="divide the purpose in two"
        )
    files = [(declared.name, text), *((document.path.name, document.text) for document in documents)]
    return Purpose(folder, declaration, documents, _version(files))


def parse_declaration(path: Path, text: str, kind: type[Declaration]) -> Declaration:
    """The declaration in a TOML text. Raises HubMisconfigured naming file, line and key."""
    try:
        declared: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(_locate_toml_fault(path, text, str(error)), next_step="correct the TOML") from None
    faults = [(location, "is empty: write the text") for location in _find_blank_texts(declared)]
    try:
        declaration = kind.model_validate(declared)
    except ValidationError as error:
        faults += [(one["loc"], describe_key_fault(one)) for one in _drop_consequences(error.errors())]
    if faults:
        wrong = FAULT_SEPARATOR.join(_fault(path, text, declared, location, words) for location, words in faults)
        raise HubMisconfigured(wrong, next_step=f"correct these keys; {KEY_PAGES[path.name]} has each")
    return declaration


def _locate_toml_fault(path: Path, text: str, words: str) -> str:
    """The parser's words with the line where they belong: behind the file."""
    place = TOML_PLACE.search(words)
    if place is None:
        return f"{path}: {words}"
    return f"{path}:{place[1] or max(1, len(text.splitlines()))}: {words[: place.start()]}"


def _find_blank_texts(declared: Any, above: Location = ()) -> Iterator[Location]:
    """Where a text in one of the two languages has no letters."""
    inner = enumerate(declared) if isinstance(declared, list) else declared.items()
    for key, value in inner:
        if isinstance(value, dict | list):
            yield from _find_blank_texts(value, (*above, key))
        elif key in LANGUAGES and isinstance(value, str) and not value.strip():
            yield (*above, key)


def _drop_consequences(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """The errors without those that only say that something within has one, such as a list that is too short without a wrong item."""
    places = [error["loc"] for error in errors]
    for error in errors:
        here = error["loc"]
        if not any(len(place) > len(here) and place[: len(here)] == here for place in places):
            yield error


def declaration_file(folder: Path) -> Path:
    """`purpose.toml` or `procedure.toml` of a folder. Raises HubMisconfigured if there is not exactly one of them."""
    found = [path for name in (PURPOSE_FILE, PROCEDURE_FILE) if (path := folder / name).is_file()]
    if len(found) != 1:
        raise HubMisconfigured(
            f"{folder}: must have {PURPOSE_FILE} or {PROCEDURE_FILE}, and not both",
            next_step="see schema/purposes/identify for an example",
        )
    return found[0]


def _folders(home: Path) -> Iterator[Path]:
    if not home.is_dir():
        if home in HOMES:
            return
        raise HubMisconfigured(
            f"HUB_PURPOSES, HUB_PROCEDURES: there is no folder {home}",
            next_step="give folders that have a folder for each purpose",
        )
    for name in (PURPOSE_FILE, PROCEDURE_FILE):
        if (home / name).is_file():
            raise HubMisconfigured(
                f"HUB_PURPOSES, HUB_PROCEDURES: {home} has a {name} itself",
                next_step=f"name the folder that it is in, e.g. {home.absolute().parent}: each folder in that one is read",
            )
    for folder in sorted(home.iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "_")):
            yield folder


def read_purpose_file(path: Path) -> str:
    """The text of a file of a purpose. Raises HubMisconfigured if it is too large, or no text."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise HubMisconfigured(
                f"{path}: has {size:,} bytes, and may have {MAX_FILE_BYTES:,}", next_step="divide the purpose in two"
            )
        return path.read_text(encoding=ENCODING)
    except OSError as error:
        raise HubMisconfigured(f"{path}: {error.strerror}", next_step="make the file readable") from None
    except UnicodeDecodeError:
        raise HubMisconfigured(f"{path}: is not UTF-8", next_step="save it as UTF-8") from None


def _fault(path: Path, text: str, declared: Any, location: Location, words: str) -> str:
    key = ".".join(_name_steps(declared, location))
    if not location and (named := KEY_NAMED_FIRST.match(words)):
        location = tuple(named[0].split("."))
    return f"{path}:{find_line(text, location)}: {f'{key}: ' if key else ''}{words}"


def _name_steps(declared: Any, location: Location) -> Iterator[str]:
    """The steps to a key, with the code of an item instead of its number: `requirements`, `spouse`, `rows`."""
    here = declared
    for step in location:
        is_inner = isinstance(here, list) and isinstance(step, int) and step < len(here)
        here = here[step] if is_inner else here.get(step) if isinstance(here, dict) else None
        code = here.get("code") if is_inner and isinstance(here, dict) else None
        yield code if isinstance(code, str) and NAMING_CODE.fullmatch(code) else str(step)


def _version(files: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, text in files:
        digest.update(f"{name}\0{len(text)}\0{text}\0".encode())
    return digest.hexdigest()
