"""The two curves of an evaluation as SVG: how far to believe it, and what a precision costs."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

_SIZE, _EDGE = 360, 48
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)

Point = tuple[float, float]


def _x(value: float) -> float:
    return round(_EDGE + value * (_SIZE - 2 * _EDGE), 1)


def _y(value: float) -> float:
    return round(_SIZE - _EDGE - value * (_SIZE - 2 * _EDGE), 1)


def _axes(title: str, across: str, up: str) -> list[str]:
    low, high = _EDGE, _SIZE - _EDGE
    middle = _SIZE / 2
    lines = [
        f'<text x="{middle}" y="24" text-anchor="middle" font-size="14">{escape(title)}</text>',
        f'<text x="{middle}" y="{_SIZE - 8}" text-anchor="middle">{escape(across)}</text>',
        (
            f'<text x="14" y="{middle}" text-anchor="middle" '
            f'transform="rotate(-90 14 {middle})">{escape(up)}</text>'
        ),
        (
            f'<rect x="{low}" y="{low}" width="{high - low}" height="{high - low}" fill="none" '
            'stroke="#888"/>'
        ),
    ]
    for tick in _TICKS:
        lines += [
            f'<text x="{_x(tick)}" y="{high + 16}" text-anchor="middle">{tick:g}</text>',
            f'<text x="{low - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>',
        ]
    return lines


def _picture(parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" '
        'font-family="sans-serif" font-size="11">'
    )
    body = "\n".join(parts)
    return f'{head}\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'


def _line(points: Sequence[Point]) -> str:
    path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="#0b6" stroke-width="2"/>'


def reliability(bins: Sequence[tuple[float, float, float]]) -> str:
    """Draw, for each bin, how sure the matcher was and how often it was right.

    A bin is (mean confidence, share right, share of all questions); a large dot is a full bin.
    """
    parts = _axes("Reliability", "confidence", "share right")
    parts.append(
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#bbb" '
        'stroke-dasharray="4"/>'
    )
    parts.append(_line([(sure, right) for sure, right, _ in bins]))
    parts += [
        f'<circle cx="{_x(sure)}" cy="{_y(right)}" r="{2 + 8 * share**0.5:.1f}" fill="#0b6" '
        'fill-opacity="0.6"/>'
        for sure, right, share in bins
    ]
    return _picture(parts)


def coverage(points: Sequence[Point]) -> str:
    """Draw which precision is left as more of the questions in scope are answered."""
    parts = _axes("Coverage and precision", "answered of those in scope", "precision")
    return _picture([*parts, _line(points)])
