"""Text from outside is shown, never obeyed: not as markup, not as an escape code, not as a line of its own, in any command."""

import ast
import io
import json
import logging
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.tree import Tree

import hub
from hub.cli import terminal as terminal_module
from hub.cli.ingest.connector import _show_preview
from hub.cli.terminal import (
    LineFormatter,
    Terminal,
    escape_controls,
    mark_text,
    one_line,
    show_error,
    show_json,
    show_table,
    show_text,
)
from hub.conform.preview import Preview, preview_stream
from hub.errors import HubMisconfigured
from hub.sdk.manifest import load_manifest

HOSTILE = "[/dấu] [bold]đ[/bold] :smile: \x1b[31mđỏ\x1b[0m \x9b2J \x07 a\rb\ncaught \u202egnol\u2069 \u2028 \x7f"
HARMLESS = r"[/dấu] [bold]đ[/bold] :smile: \x1b[31mđỏ\x1b[0m \u009b2J \x07 a\rb\ncaught \u202egnol\u2069 \u2028 \x7f"


def acted_on(text: str) -> set[str]:
    """Characters that a terminal would act on, but for ends of lines."""
    return {c for c in text if unicodedata.category(c) in terminal_module.UNSAFE} - {"\n"}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed, by a terminal that is wide enough for one line."""
    out = io.StringIO()
    for name in ("OUT", "ERR"):
        console = Terminal(width=1_000)
        console.file = out
        monkeypatch.setattr(terminal_module, name, console)
        monkeypatch.setattr(f"hub.cli.ingest.connector.{name}", console)
    return out


@given(st.text(alphabet=st.characters(), max_size=200))
def test_a_clean_text_is_one_line_that_a_terminal_only_shows(text: str) -> None:
    made = escape_controls(text)
    assert not acted_on(made)
    assert "\n" not in made
    made.encode()  # halves of pairs, which no terminal takes, are gone too
    assert escape_controls(made) == made


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_json_is_valid_and_says_the_same(value: object) -> None:
    with pytest.MonkeyPatch.context() as patched:
        out = io.StringIO()
        patched.setattr("sys.stdout", out)
        show_json(value)
    assert not acted_on(out.getvalue())
    assert out.getvalue().count("\n") == 1
    # Two halves beside each other are one character to whoever reads JSON.
    assert json.loads(out.getvalue()) == json.loads(json.dumps(value))


def test_a_text_is_printed_as_it_is(terminal: io.StringIO) -> None:
    terminal_module.OUT.print(HOSTILE)
    terminal_module.OUT.print(mark_text("bold red", "problem", f" {HOSTILE}"))
    terminal_module.OUT.print(Tree(one_line(HOSTILE)))
    show_error(HubMisconfigured(HOSTILE, next_step=HOSTILE))
    show_table(HOSTILE, [HOSTILE], [[HOSTILE], [None], [1234]])
    text = terminal.getvalue()
    assert not acted_on(text)
    assert text.count(HARMLESS) == 8
    assert not any(words.startswith("caught") for words in text.splitlines())


def test_what_reaches_a_console_by_another_way_is_cleaned_too(terminal: io.StringIO) -> None:
    terminal_module.OUT.print(Tree("\x1b[31m[/dấu]\u202e"))
    assert not acted_on(terminal.getvalue())
    assert r"\x1b[31m[/dấu]\u202e" in terminal.getvalue()


def test_a_preview_of_hostile_values_is_shown(terminal: io.StringIO) -> None:
    """A name such as `[/dấu]` made `hub connector preview` crash."""
    record = {"entity": HOSTILE, "key": HOSTILE, "fields": {HOSTILE: HOSTILE}}
    rejected = {
        "entity": "Citizen",
        "key": HOSTILE,
        "rejected": {"field": HOSTILE, "rule": "pattern", "reason": HOSTILE},
    }
    _show_preview(Preview(HOSTILE, 1, [HOSTILE], [record], [rejected], [HOSTILE]))
    assert not acted_on(terminal.getvalue())
    assert terminal.getvalue().count(HARMLESS) >= 8


def test_a_preview_says_what_is_wrong_with_a_row_what_is_expected_and_what_to_do(
    terminal: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Path(__file__).parents[2] / "cases" / "csv-carriage-return"
    (tmp_path / "bl.csv").write_text("So;ThongBao;SoTien;NgayNop\nCR1;T;100;5.1.26\n", encoding="utf-8")
    monkeypatch.setenv("X3B", str(tmp_path))
    manifest = load_manifest(case / "manifest.toml")
    (name,) = manifest.streams
    found = preview_stream(manifest, name, 1)
    _show_preview(found)
    (rejected,) = found.rejected
    said = " ".join(terminal.getvalue().split())
    assert (
        f"{name}: Payment {rejected['key']}: paid_on must be a date such as 31/12/2024; it is 1 digit, dot, 1 digit"
        in said
    )
    assert "next step: correct the mapping" in said


def test_texts_of_several_lines_keep_their_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    show_text("select 1\nfrom \x1b[31mx")
    assert capsys.readouterr().out == "select 1\nfrom \\x1b[31mx\n"


def test_a_line_of_a_log_is_one_line() -> None:
    record = logging.LogRecord("hub", logging.WARNING, "", 0, "source said %s", (HOSTILE,), None)
    assert LineFormatter("%(levelname)s %(message)s").format(record) == f"WARNING source said {HARMLESS}"


CLI = sorted((Path(hub.__file__).parent / "cli").rglob("*.py"))
ROUNDABOUT = {"Console", "print", "rprint", "escape", "from_markup", "render_markup"}


@pytest.mark.parametrize("path", [path for path in CLI if path.name != "terminal.py"], ids=lambda path: path.name)
def test_commands_print_through_one_place(path: Path) -> None:
    """No command makes a console of its own, prints past it, or reads markup: `hub.cli.terminal` does it for all."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {f.id for f in called if isinstance(f, ast.Name)}
    names |= {f.attr for f in called if isinstance(f, ast.Attribute) and f.attr != "print"}
    assert not names & ROUNDABOUT
    keywords = {k.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for k in node.keywords}
    assert "markup" not in keywords
    written = [ast.unparse(f) for f in called if isinstance(f, ast.Attribute) and f.attr in ("print", "write")]
    assert not {words for words in written if words.startswith(("sys.", "rich.", "print"))}
    prompts = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith(".ask")]
    assert all(isinstance(n.args[0], ast.Call) and ast.unparse(n.args[0].func) == "one_line" for n in prompts)


def test_commands_alone_print() -> None:
    """Beneath the commands nothing prints; the child that reads workbooks answers its parent in JSON."""
    below = [
        path for path in Path(hub.__file__).parent.rglob("*.py") if path not in CLI and path.stem != "excel_conversion"
    ]
    for path in below:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        assert "print" not in called, path
        assert not {name for name in imported if name.partition(".")[0] == "rich"}, path
