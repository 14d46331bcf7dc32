"""Figures of language and names: `python -m tests.language_figures`.

Prose is what a person reads: the pages, docstrings, comments, and text of more than three words in the code (messages, descriptions).
Code in prose, tables of figures, SQL and GraphQL are left out. Names are those of `hub/`.
"""

import ast
import io
import itertools
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("hub", "schema", "connectors")
OTHER_LANGUAGE = re.compile(
    r"(?i)^\s*(select|insert|update|delete|create|alter|with|from|where|and|or|on|left|join|order|group|query|mutation|subscription"
    r"|fragment|case|when|union|values|set|coalesce|not|exists)\b|[{}\[\]=]|::"
)


@dataclass(frozen=True)
class Figures:
    """What the script measures. Shares are of 1, counts of words per 10,000 words of prose."""

    words: int
    ifs: float
    what_is: float
    functions: int
    one_word_functions: float
    constants: int
    one_word_constants: float
    shared_class_names: dict[str, tuple[str, ...]]


def prose_of_page(text: str) -> str:
    """The sentences of a page: no code, no tables' rules, no addresses of links."""
    text = re.sub(r"(?s)```.*?```|<!--.*?-->", " ", text)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", " ", text)
    return re.sub(r"(?m)^\|[-:| ]+\|$", " ", text)


def prose_of_module(source: str) -> Iterator[str]:
    """The docstrings, comments and texts of more than three words of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and "noqa" not in token.string and "type:" not in token.string:
            yield token.string.lstrip("# ")
    docstrings = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings.add(id(node.value))
            yield re.sub(r"`[^`]*`", " ", node.value.value)
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(text, str) and len(text.split()) > 3 and not OTHER_LANGUAGE.search(text):
            yield re.sub(r"`[^`]*`", " ", text)


def modules() -> Iterator[tuple[Path, str]]:
    """The modules of the project, without migrations, which are never rewritten."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and "node_modules" not in path.parts:
                yield path, path.read_text(encoding="utf-8")


def pages() -> Iterator[str]:
    """The pages in English, without those that are made of figures."""
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))):
        if path.name not in ("README.vi.md", "benchmarks.md"):
            yield path.read_text(encoding="utf-8")


def public_functions(tree: ast.Module) -> Iterator[str]:
    """Names of public functions and methods; properties, GraphQL fields and other decorated ones name things, so they are left out."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not node.decorator_list
        ):
            yield node.name


def public_constants(tree: ast.Module) -> Iterator[str]:
    """Names in capitals that a module assigns."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and re.fullmatch(r"[A-Z][A-Z0-9_]+", target.id):
                yield target.id


def shared_class_names() -> dict[str, tuple[str, ...]]:
    """Names of classes that several files of `hub/` define, with the files. Private classes are a file's own."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, source in modules():
        if path.is_relative_to(ROOT / "hub"):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].add(str(path.relative_to(ROOT)))
    return {name: tuple(sorted(files)) for name, files in sorted(found.items()) if len(files) > 1}


def share_of_one_word(names: list[str]) -> float:
    """Share of names without an underscore inside."""
    return sum("_" not in name.strip("_") for name in names) / len(names)


def measure() -> Figures:
    """Measure the checkout."""
    prose = [prose_of_page(text) for text in pages()]
    functions: list[str] = []
    constants: list[str] = []
    for path, source in modules():
        prose += prose_of_module(source)
        if path.is_relative_to(ROOT / "hub"):
            tree = ast.parse(source)
            functions += public_functions(tree)
            constants += public_constants(tree)
    words = re.findall(r"[A-Za-zÀ-ỹ'’]+", "\n".join(prose).lower())
    pairs = Counter(itertools.pairwise(words))
    riddles = sum(pairs["what", verb] for verb in ("is", "was", "has", "are", "were", "had"))
    return Figures(
        len(words),
        words.count("if") * 10_000 / len(words),
        riddles * 10_000 / len(words),
        len(functions),
        share_of_one_word(functions),
        len(constants),
        share_of_one_word(constants),
        shared_class_names(),
    )


def main() -> None:
    """Print the figures as a table, and the class names with their files."""
    found = measure()
    for name, value in (
        ("words of prose", f"{found.words:,}"),
        ('"if" per 10,000 words', f"{found.ifs:.1f}"),
        ('"what is/was/has" per 10,000 words', f"{found.what_is:.1f}"),
        ("public functions", f"{found.functions:,}"),
        ("  of one word", f"{found.one_word_functions:.0%}"),
        ("constants", f"{found.constants:,}"),
        ("  of one word", f"{found.one_word_constants:.0%}"),
        ("class names in several files", str(len(found.shared_class_names))),
    ):
        print(f"{name:36}{value:>10}")
    for name, files in found.shared_class_names.items():
        print(f"  {name}: {', '.join(files)}")


if __name__ == "__main__":
    main()
