"""A few shapes of SVG, enough for four kinds of chart. Coordinates are pixels, y downwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

FONT = "'Be Vietnam Pro','Noto Sans','Segoe UI',system-ui,-apple-system,'Helvetica Neue',Arial,sans-serif"
INK, SOFT, GRID = "#1b1f24", "#57606a", "#d8dee4"


def draw_text(
    x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", colour: str = INK, bold: bool = False
) -> str:
    """Words at a baseline."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(words)}</text>'


def draw_box(x: float, y: float, width: float, height: float, colour: str, tip: str = "") -> str:
    """A filled rectangle; `tip` shows where the pointer rests."""
    inside = f"<title>{escape(tip)}</title>" if tip else ""
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{max(height, 0):.2f}" fill="{colour}">{inside}</rect>'


def draw_line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1) -> str:
    """A straight line."""
    return f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{colour}" stroke-width="{width}"/>'


def draw_path(points: Iterable[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    """A line through points."""
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    at = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'


def draw_dot(x: float, y: float, colour: str, tip: str = "") -> str:
    """A filled circle."""
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="4" fill="{colour}"><title>{escape(tip)}</title></circle>'


@dataclass(frozen=True)
class Scale:
    """Values `low` to `high` on pixels `start` to `end`; what lies outside is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        part = min(max((value - self.low) / span, 0.0), 1.0)
        return self.start + part * (self.end - self.start)


def draw_picture(width: int, height: int, title: str, shapes: Sequence[str]) -> str:
    """A whole picture, its title within it for those who do not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f" aria-label={quoteattr(title)} font-family={quoteattr(FONT)}>"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>' + "".join(shapes) + "</svg>\n"
    )
