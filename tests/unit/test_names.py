"""Names keep to the style: a class name stands once in the hub, a module is called by a noun, a function by what it does.

The lists and ceilings below are what is left from before. They only shrink: who mends one takes it out.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def list_modules() -> list[Path]:
    """The Python files of the hub, without migrations, which are a record of the past."""
    return sorted(p for p in (ROOT / "hub").rglob("*.py") if "versions" not in p.parts and "static" not in p.parts)


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def find_class_files() -> dict[str, list[str]]:
    """Class name → the files that define one of this name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in list_modules():
        for name in dict.fromkeys(node.name for node in ast.walk(parse(path)) if isinstance(node, ast.ClassDef)):
            found[name].append(str(path.relative_to(ROOT)))
    return found


def find_functions() -> Iterator[tuple[str, str]]:
    """File and name of every function at the top of a module."""
    for path in list_modules():
        for node in parse(path).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield str(path.relative_to(ROOT)), node.name


REPEATED_CLASSES: frozenset[str] = frozenset()
"""Class names that still stand in several files."""

PARTICIPLE_CEILINGS = {"hub/cli": 1, "hub/link": 82, "hub/plan": 5, "hub/procedures": 2}
"""Folder → how many functions are still called by a participle alone. In every other folder there are none."""
IRREGULAR_PARTICIPLES = frozenset(
    [
        "begun",
        "bound",
        "built",
        "chosen",
        "cut",
        "done",
        "drawn",
        "found",
        "given",
        "gone",
        "got",
        "held",
        "kept",
        "known",
        "left",
        "lost",
        "made",
        "met",
        "put",
        "said",
        "seen",
        "sent",
        "shown",
        "spoilt",
        "swept",
        "taken",
        "told",
        "written",
    ]
)
NO_PARTICIPLES = frozenset(["embed", "feed", "need", "read", "seed", "speed"])

OLD_MODULES = frozenset(["around", "beside", "changed", "derived", "held", "kept", "standing", "trained"])
"""Modules that still have the name of no thing."""
NO_NOUNS = frozenset(
    [
        "about",
        "after",
        "ahead",
        "around",
        "before",
        "behind",
        "below",
        "beside",
        "between",
        "beyond",
        "chosen",
        "given",
        "gone",
        "held",
        "here",
        "kept",
        "known",
        "left",
        "lost",
        "made",
        "new",
        "old",
        "other",
        "own",
        "same",
        "seen",
        "shown",
        "taken",
        "there",
        "told",
        "unseen",
        "wanted",
        "within",
        "written",
    ]
)
NOUNS_IN_ED_OR_ING = frozenset(
    ["change_feed", "embedded", "linking", "live_feed", "mapping", "not_modified", "paging", "reading", "sealing"]
)


def is_participle(name: str) -> bool:
    """Whether a function is called by one word that says what was done, not what it does: `listed`, `_shown`."""
    word = name.strip("_")
    return "_" not in word and ((word.endswith("ed") and word not in NO_PARTICIPLES) or word in IRREGULAR_PARTICIPLES)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("listed", True), ("_shown", True), ("list_rows", False), ("read", False), ("_held_back", False)],
)
def test_participles_are_told(name: str, is_one: bool) -> None:
    assert is_participle(name) is is_one


def test_a_class_name_stands_once() -> None:
    repeated = {name: files for name, files in find_class_files().items() if len(files) > 1}
    new = {name: files for name, files in repeated.items() if name not in REPEATED_CLASSES}
    assert not new, f"give each a name of its own: {new}"
    assert not REPEATED_CLASSES - repeated.keys(), "mended: take it out of REPEATED_CLASSES"


def test_a_function_is_called_by_what_it_does() -> None:
    found: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    for path, name in find_functions():
        if is_participle(name):
            folder = "/".join(path.split("/")[:2])
            found[folder] += 1
            names.setdefault(folder, []).append(f"{path}: {name}")
    for folder, count in found.items():
        assert count <= PARTICIPLE_CEILINGS.get(folder, 0), f"use a verb and a noun: {names[folder]}"


def test_a_module_is_called_by_a_noun() -> None:
    stems = {path.stem for path in list_modules()}
    odd = {stem for stem in stems if stem in NO_NOUNS or stem.endswith(("ed", "ing"))} - NOUNS_IN_ED_OR_ING
    assert odd <= OLD_MODULES, f"use the noun that a newcomer would search for: {sorted(odd - OLD_MODULES)}"


def test_a_number_among_constants_has_a_name_of_more_than_its_size() -> None:
    """`FEW` and `LARGE` say nothing to who has not written them."""
    bare = frozenset(["FEW", "LARGE", "SMALL", "MANY", "MOST", "LEAST", "ENOUGH", "SHARE"])
    found = [
        f"{path.relative_to(ROOT)}: {target.id}"
        for path in list_modules()
        if path.relative_to(ROOT).parts[1] not in ("link", "ingest")
        for node in parse(path).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in bare
    ]
    assert not found
