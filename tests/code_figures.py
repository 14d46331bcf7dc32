"""Figures of how the code reads: `python -m tests.code_figures`. What must not get worse is held by tests/unit/test_names.py.

One-word names say what a thing is to the one who wrote it; a class name in two files makes every search find the wrong one; and
English that avoids "if" reads like a translation. Models for comparison: one-word public functions 8–28 %, "if" 58–139 times in
10,000 words.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
HUB = ROOT / "hub"
WORD = re.compile(r"[A-Za-z']+")


def list_modules() -> list[Path]:
    """The Python files of the hub, without migrations, which are a record of the past."""
    return sorted(p for p in HUB.rglob("*.py") if "versions" not in p.parts and "static" not in p.parts)


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


def read_prose(path: Path) -> str:
    """Docstrings, messages and comments of a Python file; the text of a page without its code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.sub(r"`[^`]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return " ".join(
        t.string for t in tokens if t.type == tokenize.COMMENT or (t.type == tokenize.STRING and " " in t.string)
    )


def count_ifs(paths: list[Path]) -> tuple[int, int]:
    """How often "if" stands in the prose of files, and how many words that has."""
    words = [word.lower() for path in paths for word in WORD.findall(read_prose(path))]
    return words.count("if"), len(words)


def main() -> None:
    """Print the figures."""
    public = [name for _, name in find_functions() if not name.startswith("_")]
    one_word = sum("_" not in name for name in public)
    repeated = [name for name, files in find_class_files().items() if len(files) > 1]
    print(f"public functions: {len(public)}, of one word: {one_word} ({one_word / len(public):.0%})")
    print(f"class names in several files: {len(repeated)}")
    pages = [p for p in ROOT.rglob("*.md") if not {"node_modules", ".venv"} & set(p.parts)]
    for what, paths in (("code", list_modules()), ("pages", pages)):
        ifs, words = count_ifs(paths)
        print(f'"if" in 10,000 words of {what}: {ifs / words * 10_000:.1f} ({ifs} of {words})')


if __name__ == "__main__":
    main()
