"""What was newly written in a mail: without the mails before it, and without the signature."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_LINES, LONGEST_LINE, BLOCK = 5_000, 500, 6
RULED = re.compile(
    r"[-—_*=\s]{2,}(原始邮件|原邮件|原始郵件|回复的(原)?邮件|original (message|mail|appointment))"
    r"[-—_*=\s]{2,}",
    re.IGNORECASE,
)
"""`------------------ 原始邮件 ------------------` and `-----Original Message-----`."""
WROTE = re.compile(r"(wrote|schrieb|écrit|写道|寫道)\s{0,5}[:：]$", re.IGNORECASE)
"""`On Fri, 20 Nov 2026, Han wrote:` and `韩梅 <han@b.example> 于2026年11月20日周五 10:00写道：`."""
STARTS = re.compile(r"(on|at|am|le)\b|在|.{0,200}[@\d]", re.IGNORECASE)
FROM = re.compile(
    r"\*?(发件人|寄件者|寄件人|发送人|from|von|de)\*?\s*[:：]\s*\*?\s*\S.*", re.IGNORECASE
)
FIELD = re.compile(
    r"\*?(发送时间|发送日期|发件时间|日期|时间|收件人|收件者|抄送|主题|主旨|寄件日期|sent|date|to|cc|subject)\*?\s*[:：].*",
    re.IGNORECASE,
)
RULE = re.compile(r"[-_=—*\s]{5,}")
DEVICE = re.compile(
    r"(发自|来自我的|從我的|从我的|获取 ?outlook|下载 ?outlook|get outlook for"
    r"|sent from (my|outlook|yahoo|mail for)|sent via).{0,80}",
    re.IGNORECASE,
)
FORWARDED = re.compile(r"\s*(fwd?|fw|转发|轉寄|轉發)\s*[:：]", re.IGNORECASE)


def fresh(text: str, subject: str = "") -> str:
    """Return what the writer added; the whole text if that is nothing, or if it was forwarded."""
    whole = text.strip()
    if FORWARDED.match(subject):
        return whole
    lines = whole.split("\n", MOST_LINES)
    kept = _without_quotes(lines)
    kept = _without_signature(kept)
    return "\n".join(kept).strip() or whole


def _without_quotes(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if _is_quoted(line):
            place += 1
            continue
        length = _heading(lines, place)
        if length == 0:
            kept.append(line)
            place += 1
            continue
        after = place + length
        if not _is_quoted(next((each for each in lines[after:] if each.strip()), "")):
            break  # everything below is older
        place = after  # an answer may stand below, or between what is quoted
    while kept and (not kept[-1].strip() or RULE.fullmatch(kept[-1][:LONGEST_LINE])):
        kept.pop()
    return kept


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "＞"))


def _heading(lines: Sequence[str], place: int) -> int:
    """Return how many lines here announce an older mail: none if they do not."""
    line = lines[place].strip()[:LONGEST_LINE]
    if not line:
        return 0
    if RULED.fullmatch(line):
        return 1
    if FROM.fullmatch(line):
        below = [each.strip()[:LONGEST_LINE] for each in lines[place + 1 : place + 1 + BLOCK]]
        return 1 if sum(FIELD.fullmatch(each) is not None for each in below) > 1 else 0
    return _announcement(lines[place : place + 3])


def _announcement(lines: Sequence[str]) -> int:
    """Return of how many of the lines "... wrote:" is made, which mailers break where they like."""
    joined = ""
    for number, line in enumerate(lines, 1):
        joined = f"{joined} {line.strip()}".strip()
        if not line.strip() or len(joined) > LONGEST_LINE or not STARTS.match(joined):
            return 0
        if WROTE.search(joined):
            return number
    return 0


def _without_signature(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    for place, line in enumerate(kept):
        if line.rstrip() == "--" and any(each.strip() for each in kept[:place]):
            del kept[place:]
            break
    while kept and (not kept[-1].strip() or DEVICE.fullmatch(kept[-1].strip()[:LONGEST_LINE])):
        kept.pop()
    return kept
