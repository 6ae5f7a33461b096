"""Small drawings as SVG text: bars, points with intervals, lines. Each has a title that a screen reader says."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDE, ROW, LEFT, PLOT = 640, 24, 250, 300
INK, SOFT = "#154273", "#8a8a8a"
SHADES = ("#a9c6e8", "#7ba6d6", "#4f86c0", "#2b62a0", "#0b2545")
"""from a low to a high value, told apart by lightness alone"""


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """A bar per (name, size at or above 0, what is written behind it)."""
    most = max((size for _, size, _ in rows), default=0.0) or 1.0
    drawn = [
        _name(at, name)
        + f'<rect x="{LEFT}" y="{at * ROW + 5}" width="{max(1.0, size / most * PLOT):.1f}" height="14" fill="{INK}"/>'
        + _text(LEFT + PLOT + 8, at, said)
        for at, (name, size, said) in enumerate(rows)
    ]
    return _svg(title, len(rows) * ROW + 4, "".join(drawn))


def intervals(
    title: str, rows: Sequence[tuple[str, float | None, float | None, float | None, str]], line: float | None = None
) -> str:
    """A point with its interval per (name, value, low, high, what is written); a dashed line at `line`.

    A row without a value has its words only.
    """
    marks = [v for _, *three, _ in rows for v in three if isinstance(v, float)] + ([line] if line is not None else [])
    low, high = min(marks, default=0.0), max(marks, default=1.0)
    room = (high - low) or 1.0

    def x(value: float) -> float:
        return LEFT + (value - low) / room * PLOT

    drawn = []
    for at, (name, value, lowest, highest, said) in enumerate(rows):
        y = at * ROW + 12
        drawn.append(_name(at, name) + _text(LEFT + PLOT + 8, at, said))
        if lowest is not None and highest is not None:
            drawn.append(
                f'<line x1="{x(lowest):.1f}" x2="{x(highest):.1f}" y1="{y}" y2="{y}" stroke="{INK}" stroke-width="3"/>'
            )
        if value is not None:
            drawn.append(f'<circle cx="{x(value):.1f}" cy="{y}" r="5" fill="{INK}"/>')
    if line is not None:
        at_line = f'x1="{x(line):.1f}" x2="{x(line):.1f}" y1="0" y2="{len(rows) * ROW}"'
        drawn.append(f'<line {at_line} stroke="{SOFT}" stroke-width="2" stroke-dasharray="5 4"/>')
    return _svg(title, len(rows) * ROW + 4, "".join(drawn))


def curve(title: str, points: Sequence[tuple[float, float]], low: str, high: str) -> str:
    """A line through (x, y) in order of x, with zero dashed; `low` and `high` are written below its ends."""
    wide, tall = 300.0, 110.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, right = min(xs, default=0.0), max(xs, default=1.0)
    bottom, top = min([*ys, 0.0]), max([*ys, 0.0])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - left) / ((right - left) or 1.0) * wide
        return 10 + across, 10 + (top - y) / ((top - bottom) or 1.0) * tall

    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
    zero = place(left, 0.0)[1]
    drawn = (
        f'<line x1="10" x2="{10 + wide}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="{SOFT}" stroke-dasharray="5 4"/>'
        f'<polyline points="{through}" fill="none" stroke="{INK}" stroke-width="3"/>'
        f'<text x="10" y="{tall + 32}" font-size="13">{escape(low)}</text>'
        f'<text x="{10 + wide}" y="{tall + 32}" font-size="13" text-anchor="end">{escape(high)}</text>'
    )
    return _svg(title, int(tall) + 42, drawn, 320)


def swarm(title: str, rows: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> str:
    """A row of dots per (name, [(place, shade from 0 to 1)]); dots that would cover each other are put above and below.
    Zero is dashed."""
    tall = 30
    every = [x for _, dots in rows for x, _ in dots]
    low, high = min([*every, 0.0]), max([*every, 0.0])
    room = (high - low) or 1.0

    def across(value: float) -> float:
        return LEFT + (value - low) / room * PLOT

    drawn = []
    for at, (name, dots) in enumerate(rows):
        middle, there = at * tall + tall / 2, dict[int, int]()
        short = name if len(name) <= 32 else name[:31] + "…"
        drawn.append(
            f'<text x="{LEFT - 8}" y="{middle + 4:.0f}" font-size="13" text-anchor="end">{escape(short)}</text>'
        )
        for value, shade in dots:
            x = across(value)
            already = there[int(x / 4)] = there.get(int(x / 4), -1) + 1
            y = middle + (already + 1) // 2 * (3 if already % 2 else -3)
            y = min(max(y, at * tall + 3), (at + 1) * tall - 3)
            colour = SHADES[min(int(shade * len(SHADES)), len(SHADES) - 1)]
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>')
    zero = f'<line x1="{across(0):.1f}" x2="{across(0):.1f}" y1="0" y2="{len(rows) * tall}"'
    return _svg(title, len(rows) * tall + 4, f'{zero} stroke="{SOFT}" stroke-dasharray="5 4"/>' + "".join(drawn))


def scatter(title: str, points: Sequence[tuple[float, float]], low: str, high: str) -> str:
    """Dots at (x, y), with zero dashed; `low` and `high` are written below the ends."""
    wide, tall = 300.0, 110.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, right = min(xs), max(xs)
    bottom, top = min([*ys, 0.0]), max([*ys, 0.0])

    def up(y: float) -> float:
        return 10 + (top - y) / ((top - bottom) or 1.0) * tall

    dots = "".join(
        f'<circle cx="{10 + (x - left) / ((right - left) or 1.0) * wide:.1f}" cy="{up(y):.1f}" r="3" fill="{INK}"/>'
        for x, y in points
    )
    zero = up(0)
    drawn = (
        f'<line x1="10" x2="{10 + wide}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="{SOFT}" stroke-dasharray="5 4"/>{dots}'
        f'<text x="10" y="{tall + 32}" font-size="13">{escape(low)}</text>'
        f'<text x="{10 + wide}" y="{tall + 32}" font-size="13" text-anchor="end">{escape(high)}</text>'
    )
    return _svg(title, int(tall) + 42, drawn, 320)


def _svg(title: str, tall: int, drawn: str, wide: int = WIDE + 60) -> str:
    size = f'viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} font-family="sans-serif">'
        f"<title>{escape(title)}</title>{drawn}</svg>"
    )


def _name(at: int, name: str) -> str:
    short = name if len(name) <= 36 else name[:35] + "…"
    return f'<text x="{LEFT - 8}" y="{at * ROW + 17}" font-size="13" text-anchor="end">{escape(short)}</text>'


def _text(x: int, at: int, said: str) -> str:
    return f'<text x="{x}" y="{at * ROW + 17}" font-size="13">{escape(said)}</text>'
