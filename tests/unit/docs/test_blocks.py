"""Every block of the docs says what it is, and every command in them exists with the options that are shown."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from hub.cli import app
from tests.doc_blocks import OTHER, PAGES, ROOT, RUNNABLE, blocks_of

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
GENERATED = "docs/reference/commands.md"


@pytest.mark.parametrize("name", NAMES)
def test_every_block_has_a_language_and_an_excuse_has_a_reason(name: str) -> None:
    blocks = blocks_of(ROOT / name)
    assert [str(block) for block in blocks if block.language not in RUNNABLE | OTHER] == []
    assert [str(block) for block in blocks if "no-test" in block.info and len(block.reason) < 10] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_command_hides_in_an_indented_block(name: str) -> None:
    """An indented block has no language, so no test would find it."""
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", (ROOT / name).read_text(encoding="utf-8"))
    assert re.findall(r"(?m)^ {4,}(?:hub|export|make|pip|psql|curl|docker) .*$", text) == []


@pytest.mark.parametrize("name", NAMES)
def test_json_and_toml_can_be_parsed(name: str) -> None:
    for block in blocks_of(ROOT / name):
        if not block.reason:
            parse = {"json": json.loads, "toml": tomllib.loads}.get(block.language)
            assert parse is None or parse(block.text) is not None


def shown_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each `hub …` of a page: in a block of the shell, where it begins a line, and in code within a sentence."""
    blocks = "\n".join(block.text for block in blocks_of(page) if block.language == "sh").replace("\\\n", " ")
    lines = re.findall(r"(?m)^ *hub ([^\n#]+)", blocks) + re.findall(r"`hub ([^`]+)`", page.read_text(encoding="utf-8"))
    for line in lines:
        words = re.split(r"\s*(?:&&|\||;|>)\s*(?!\w*\])", line.replace("\\|", " "))[0]
        lexer = shlex.shlex(words, posix=True, punctuation_chars=False)
        lexer.whitespace_split, lexer.quotes = True, "'\""
        yield line, list(lexer)


def unknown_word(command: App, words: list[str]) -> str | None:
    """The first word that is neither a command nor an option of the command that it stands at."""
    if words[:1] in (["--help"], ["--version"]):
        return None
    while words and words[0] in command and not words[0].startswith("-"):
        command, words = command[words[0]], words[1:]
    has_commands = [name for name in command if not name.startswith("-")]
    if words and has_commands and command.default_command is None and re.fullmatch(r"[a-z-]+", words[0]):
        return words[0]
    options = {"--help", "--version"}
    if command.default_command is not None:
        options |= {name for argument in command.assemble_argument_collection() for name in argument.names}
    shown = [re.sub(r"[\[\]]", "", word).partition("=")[0] for word in words]
    return next((word for word in shown if re.match(r"--[a-z]", word) and word not in options), None)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (GENERATED, "CHANGELOG.md")])
def test_every_command_shown_exists_with_its_options(name: str) -> None:
    found = list(shown_commands(ROOT / name))
    assert [(line, word) for line, words in found if (word := unknown_word(app, words))] == []


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    folders = ("start", "how-to", "explanation", "reference", "decisions")
    pages = [page.relative_to(ROOT / "docs") for page in PAGES if page.parent.name in folders]
    assert len(pages) > 20
    assert [str(page) for page in pages if f"]({page})" not in index and page.parent.name != "decisions"] == []


def test_pages_are_in_the_four_folders() -> None:
    top = {path.name for path in Path(ROOT / "docs").iterdir()}
    assert top == {
        "README.md",
        "architecture.md",
        "glossary.md",
        "tour.md",
        "start",
        "how-to",
        "explanation",
        "reference",
        "decisions",
        "images",
    }
