"""The fenced blocks of the pages, as tests read them.

A block whose language can be run is run by tests/system/docs/test_docs_commands.py, in the order of its page. One that cannot be run in a
test says why in its fence: ```sh no-test="needs systemd".
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
"""Every page that a person reads, the generated ones included."""
RUNNABLE = frozenset({"sh", "python", "ts", "graphql", "sql"})
OTHER = frozenset({"text", "json", "toml", "ini", "mermaid", "nginx", "haproxy", "console", "yaml"})
_FENCE = re.compile(r"(?m)^(?P<indent> *)```(?P<language>\w*)(?P<info>[^\n]*)\n(?P<text>(?:.*\n)*?)(?P=indent)```[ ]*$")


@dataclass(frozen=True)
class Block:
    """One fenced block: `reason` says why no test runs it, and is empty if one does."""

    page: Path
    line: int
    language: str
    info: str
    text: str

    @property
    def reason(self) -> str:
        """The text of `no-test="…"`."""
        found = re.search(r'no-test="([^"]+)"', self.info)
        return found[1] if found else ""

    @property
    def runs(self) -> bool:
        """Whether a test runs it."""
        return self.language in RUNNABLE and not self.reason

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> tuple[Block, ...]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return tuple(
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            found["info"].strip(),
            re.sub(rf"(?m)^{found['indent']}", "", found["text"]),
        )
        for found in _FENCE.finditer(text)
    )
