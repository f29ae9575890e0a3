"""HTML of a stranger to text that is safe because it is nothing but text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONGEST, DEEPEST = 200_000, 100
SILENT = frozenset(
    """script style head title template svg math noscript object embed iframe canvas audio video
    map select textarea noembed noframes xml""".split()  # noqa: SIM905
)
"""What says nothing that people should read."""
EMPTY = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
BLOCKS = frozenset(
    """p div section article header footer table tr ul ol dl dt dd h1 h2 h3 h4 h5 h6 pre form
    fieldset address center blockquote figure main aside nav""".split()  # noqa: SIM905
)
APART = frozenset("p ul ol table blockquote h1 h2 h3 h4 h5 h6 pre".split())  # noqa: SIM905
REPEATS = frozenset("p li tr td th dt dd option".split())  # noqa: SIM905
"""What ends the one before it of its own kind, where that was left open."""
HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|opacity\s*:\s*0(?![.\d])"
    r"|(?:font-size|line-height|max-height|max-width)\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"]{1,2000}", re.IGNORECASE)
DECLARED = re.compile(r"<!--|<[!?]")
SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
QUOTE = "> "


def to_text(html: str) -> str:
    """Return what a reader would see, links as text, quoted mail marked with `>`."""
    reader = _Reader()
    reader.feed(_without_comments(html[:LONGEST]))
    reader.close()
    return reader.text()


def _without_comments(html: str) -> str:
    """Return what is left without comments, declarations and an unfinished end.

    The parser looks for the end of each of them in all that follows: many without one take it long.
    """
    kept, place = [], 0
    while (start := DECLARED.search(html, place)) is not None:
        kept.append(html[place : start.start()])
        ending = "-->" if start[0] == "<!--" else ">"
        end = html.find(ending, start.end())
        place = len(html) if end < 0 else end + len(ending)
    whole = " ".join([*kept, html[place:]])
    return whole[: whole.rfind(">") + 1] + whole[whole.rfind(">") + 1 :].replace("<", " ")


class _Reader(HTMLParser):
    """Collects lines; remembers what is open, and where silence began."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._silent: int | None = None
        self._quotes = self._verbatim = 0
        self._lines: list[str] = []
        self._line: list[str] = []
        self._link: tuple[str, int] | None = None

    def text(self) -> str:
        """Return what was read, without needless empty lines."""
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag in REPEATS and self._open and self._open[-1] == tag:
            self._close(len(self._open) - 1)
        if self._silent is None:
            self._lay_out(tag, dict(attrs))
        if tag in EMPTY or len(self._open) >= DEEPEST:
            return
        self._open.append(tag)
        if self._silent is None and (tag in SILENT or _is_hidden(dict(attrs))):
            self._silent = len(self._open) - 1
        self._quotes += tag == "blockquote"
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        """Close the nearest element of this name, and what was left open in it."""
        if tag in self._open:
            self._close(len(self._open) - 1 - self._open[::-1].index(tag))

    def handle_data(self, data: str) -> None:
        """Add words, if they can be seen."""
        if self._silent is not None:
            return
        if self._verbatim:
            first, *others = data.split("\n")
            self._line.append(first)
            for each in others:
                self._end_line(even_empty=True)
                self._line.append(each)
            return
        words = SPACE.sub(" ", data)
        if not self._line or self._line[-1].endswith(" "):
            words = words.lstrip(" ")
        if words:
            self._line.append(words)

    def _lay_out(self, tag: str, attrs: dict[str, str | None]) -> None:
        match tag:
            case "br":
                self._end_line(even_empty=True)
            case "hr":
                self._end_line()
                self._lines.append(self._quoted("-" * 10))
            case "li":
                self._end_line()
                self._line.append("- ")
            case "td" | "th" if self._line:
                self._line.append(" ")
            case "img":
                self._line += filter(None, [_described(attrs)])
            case "a":
                found = LINK.match((attrs.get("href") or "").strip())
                self._link = (found[0], len(self._line)) if found else None
            case _ if tag in BLOCKS:
                self._end_line()
                self._space(tag)
            case _:
                pass

    def _close(self, place: int) -> None:
        for tag in reversed(self._open[place:]):
            if self._silent is None:
                self._end(tag)
            self._quotes -= tag == "blockquote"
            self._verbatim -= tag == "pre"
            if self._silent is None:
                self._space(tag)
        del self._open[place:]
        if self._silent is not None and self._silent >= place:
            self._silent = None

    def _end(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            target, start = self._link
            shown = "".join(self._line[start:]).strip()
            bare = target.partition(":")[2].strip("/")
            if not shown or (bare.removeprefix("www.") not in shown and shown not in target):
                self._line.append(f" ({target})" if shown else target)
            self._link = None
        elif tag in BLOCKS or tag == "li":
            self._end_line()

    def _space(self, tag: str) -> None:
        if tag in APART and self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._quoted(""))

    def _end_line(self, *, even_empty: bool = False) -> None:
        line = "".join(self._line).rstrip(" ")
        if line or even_empty:
            self._lines.append(self._quoted(line))
        self._line, self._link = [], None

    def _quoted(self, line: str) -> str:
        return f"{QUOTE * min(self._quotes, 5)}{line}".rstrip(" ") if self._quotes else line


def _is_hidden(attrs: dict[str, str | None]) -> bool:
    return "hidden" in attrs or HIDDEN.search((attrs.get("style") or "")[:2000]) is not None


def _described(attrs: dict[str, str | None]) -> str:
    """Return a picture's own words; what is a pixel large was not put there to be looked at."""
    words = " ".join((attrs.get("alt") or "").split())[:200]
    sides = [(attrs.get(side) or "").strip().removesuffix("px") for side in ("width", "height")]
    tiny = "0" in sides or "1" in sides
    return f"[{words}]" if words and not tiny and not _is_hidden(attrs) else ""
