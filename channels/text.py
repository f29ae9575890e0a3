"""Plain text for every platform: measure it, split it, number a list, read a choice."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal

import regex  # type: ignore[import-untyped]

from channels.message import (
    Card,
    Choice,
    Choices,
    ContactEvent,
    Location,
    Media,
    Notice,
    Part,
    Selection,
    Text,
    Unsupported,
)

Unit = Literal["characters", "bytes", "utf16"]

CLUSTER = regex.compile(r"\X")
WIDEST = {"characters": 1, "bytes": 4, "utf16": 2}
FULL_STOPS = frozenset("。！？…；")
STOPS = frozenset(".!?;")
CLOSERS = frozenset("”’」』）》】\"')]")
KINDS = {"image": "图片", "voice": "语音", "video": "视频", "file": "文件"}
HINT = "（请回复数字 / reply with a number）"
DIGITS = {word: number for number, word in enumerate("一二三四五六七八九", 1)} | {"两": 2}
LONGEST_NUMBER = 50
"""Characters of an answer that is a number, with all that people write around it."""
NUMBER = regex.compile(
    r"""(?:我?选择?|我?要|option|no\.?|\#)?\s*
        [(\[]?\s*第?\s*(\d{1,4}|[一二三四五六七八九十两]{1,3})\s*
        (?:个|项|条|种|号|款)?\s*[)\].,、。!:]*""",
    regex.VERBOSE | regex.IGNORECASE,
)


def length(text: str, unit: Unit = "characters") -> int:
    """Measure `text` as the platform does."""
    if unit == "bytes":
        return len(text.encode("utf-8", "surrogatepass"))
    if unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text)


def split(text: str, limit: int, unit: Unit = "characters") -> tuple[str, ...]:
    """Cut `text` into pieces of at most `limit`, in order, at the best borders.

    White space on both sides of a cut is dropped, and nothing else; a text that fits comes back
    untouched. A visible character is never cut, unless it alone is longer than the limit.
    """
    if limit < WIDEST[unit]:
        raise ValueError(f"a limit of {limit} {unit} holds no character")
    if length(text, unit) <= limit:
        return (text,) if text else ()
    clusters = [bit for found in CLUSTER.findall(text) for bit in _bits(found, limit, unit)]
    sizes = [length(cluster, unit) for cluster in clusters]
    pieces: list[str] = []
    start = 0
    while start < len(clusters):
        end = _reach(sizes, start, limit)
        if end < len(clusters):
            end = _border(clusters, start, end)
        pieces.append(_trimmed(clusters, start, end, start > 0, end < len(clusters)))
        start = end
    return tuple(piece for piece in pieces if piece)


def numbered(choices: Choices) -> str:
    """Write a question with things to tap as a list to answer with a number."""
    if not choices.options:
        return choices.prompt
    lines = [choices.prompt] if choices.prompt else []
    lines += [f"{number}. {option.label}" for number, option in enumerate(choices.options, 1)]
    return "\n".join([*lines, HINT])


def plain(parts: Sequence[Part]) -> str:
    """Write `parts` as a channel without buttons or media shows them."""
    return "\n".join(line for line in map(_plain, parts) if line)


def stand_in(part: Part) -> str:
    """Return the line that stands where something should be that cannot be sent."""
    match part:
        case Location(latitude=latitude, longitude=longitude, label=label):
            point = f"{latitude:g}, {longitude:g}"
            return f"[位置 / location: {f'{label} ({point})' if label else point}]"
        case Media(kind=kind, name=name):
            here, there = KINDS[kind], f"{kind} {name}" if name else kind
        case Unsupported(platform_kind=kind):
            here = there = kind
        case _:
            here = there = part.kind
    return f"[暂时无法显示：{here} / cannot show this yet: {there}]"


def pick(text: str, options: Sequence[Choice]) -> Choice | None:
    """Return the option that a typed answer means: its label, its number, or None."""
    said = _folded(text)
    for option in options:
        if said and said == _folded(option.label):
            return option
    # In a long run of white space there are too many ways for a number not to stand.
    found = NUMBER.fullmatch(said) if len(said) <= LONGEST_NUMBER else None
    if found is None:
        return None
    number = _number(found[1])
    return options[number - 1] if 1 <= number <= len(options) else None


def _plain(part: Part) -> str:
    match part:
        case Text(text=text):
            return text
        case Choices():
            return numbered(part)
        case Card():
            return part.lines
        case Selection(value=value, label=label):
            return label or value
        case Notice(label=label):
            return label
        case ContactEvent():
            return ""
        case _:
            return stand_in(part)


def _bits(cluster: str, limit: int, unit: Unit) -> Iterator[str]:
    """Cut a single visible character that is longer than the limit between code points."""
    if length(cluster, unit) <= limit:
        yield cluster
        return
    bit, size = "", 0
    for point in cluster:
        wide = length(point, unit)
        if size + wide > limit:
            yield bit
            bit, size = "", 0
        bit, size = bit + point, size + wide
    yield bit


def _reach(sizes: Sequence[int], start: int, limit: int) -> int:
    end, size = start, 0
    while end < len(sizes) and size + sizes[end] <= limit:
        size += sizes[end]
        end += 1
    return end


def _border(clusters: Sequence[str], start: int, end: int) -> int:
    """Return the best place to cut in the last third of what fits."""
    earliest = max(start + 1, start + 2 * (end - start) // 3)
    return max(range(end, earliest - 1, -1), key=lambda place: _rank(clusters, place))


def _rank(clusters: Sequence[str], place: int) -> int:
    """Paragraph 4, line 3, sentence 2, space 1, anywhere else 0; `place` is a cut before it."""
    before, after = clusters[place - 1], clusters[place]
    lines = ("\n" in before) + ("\n" in after)
    if lines:
        return 2 + lines
    if after in CLOSERS or after in FULL_STOPS or after in STOPS:
        return 0
    last = clusters[place - 2] if before in CLOSERS and place > 1 else before
    if last in FULL_STOPS or (last in STOPS and after.isspace()):
        return 2
    return int(before.isspace() or after.isspace())


def _trimmed(clusters: Sequence[str], start: int, end: int, *cut: bool) -> str:
    at_start, at_end = cut
    while at_start and start < end and clusters[start].isspace():
        start += 1
    while at_end and start < end and clusters[end - 1].isspace():
        end -= 1
    return "".join(clusters[start:end])


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded.replace("\ufe0f", "").replace("\u20e3", "")


def _number(word: str) -> int:
    """Read 2, 二, 十, 十二, 二十 or 二十二."""
    if word.isdecimal():
        return int(word)
    tens, ten, ones = word.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return (DIGITS.get(tens, 1) * 10 if ten else 0) + DIGITS.get(ones, 0)
