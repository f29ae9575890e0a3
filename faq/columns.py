"""Which of a file's columns means what: guessed by its title, told by hand where unsure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from faq import cells, rule_fields
from faq.trouble import Trouble

FIELDS = ("id", "question", "similar_questions", "answer", "answers.zh", "answers.en",
          "kind", "category", "files", *rule_fields.NAMES)  # fmt: skip
"""What an entry is made of; `answers.` takes any language."""
NEAR = 78
"""How alike a title must be to a known one to be guessed from it."""

_WORDS: Mapping[str, str] = {
    "id": "id key code 编号 标识 知识编号 知识id 问题编号 问题id 唯一标识",
    "question": "question q title faq query 问题 标准问题 标准问 标准问法 问法 主问题 主问法 "
    "知识标题 标题 问句 提问 问 题目",
    "similar_questions": "similarquestions similarquestion similar variants variant synonyms "
    "alternativequestions alternatives phrases utterances 相似问题 相似问法 相似问 扩展问 "
    "扩展问题 扩展问法 同义问 同义问题 其他问法 变体 说法 其他说法",
    "answer": "answer a reply response content 答案 回答 标准答案 答复 回复 回复内容 内容 应答 答",
    "answers": "answers",
    "answers.zh": "answerzh zh chinese chineseanswer answerinchinese answercn "
    "answerchinese 中文答案 中文回答 答案中文 回答中文 中文",
    "answers.en": "answeren en english englishanswer answerinenglish "
    "answerenglish 英文答案 英文回答 答案英文 回答英文 英文 英语答案",
    "kind": "kind type 类型 咨询类型 问题类型 种类",
    "files": "files attachments 附件",
    "mode": "matchmode 匹配方式 匹配模式",
    "risk": "riskclass 风险等级",
    "valid_from": "validfrom 生效时间 生效日期 有效期从",
    "valid_to": "validto validuntil 失效时间 失效日期 过期时间 有效期至",
    "audience_tags": "audiencetags 适用人群 适用标签 客户标签",
    "audience_level": "audiencelevel 最低等级 客户等级",
    "related": "relatedentries 相关知识",
    "must_match": "mustmatch 必须命中",
    "must_not_match": "mustnotmatch 不得命中",
    "category": "category categories folder group topic 分类 类别 目录 知识分类 问题分类 分组 栏目",
}
_KNOWN = {word: field for field, words in _WORDS.items() for word in words.split()}
_GUESSED = {word: field for word, field in _KNOWN.items() if field not in rule_fields.NAMES}
"""A rule's title must be just so: what is only near it may well mean something else."""
_LANGUAGE = re.compile(r"answers\.[a-z0-9-]{1,10}(?:@[a-z0-9_]{1,30})?", re.IGNORECASE)
_AROUND = re.compile(r"[\s_\-*:：()（）【】\[\]]|必填|选填|required|optional", re.IGNORECASE)
_NUMBER = re.compile(r"[\d一二三四五六七八九十]+$")
_ASKS = re.compile(r"[?？吗呢么]\s*$|^(?:how|what|when|where|why|can|do|is|怎么|如何|多久|什么)")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to mean (empty: nothing of ours), and whether that is certain."""

    field: str
    sure: bool


class BadColumns(Trouble):
    """This is no meaning that the columns can have; the message says why."""


def guess(columns: Sequence[str], samples: Sequence[Mapping[str, Any]] = ()) -> dict[str, Guess]:
    """Return what each column seems to mean, by its title, else by what stands in it."""
    found = {title: _by_title(title) for title in columns}
    taken: set[str] = set()
    for title, one in found.items():
        if one.field in taken and one.field != "similar_questions":
            found[title] = Guess("", sure=False)
        elif one.sure:
            taken.add(one.field)
    for title, one in found.items():
        if one.field and not one.sure and one.field != "similar_questions":
            if one.field in taken:
                found[title] = Guess("", sure=False)
            taken.add(one.field)
    _by_content(found, taken, samples)
    return found


def _by_title(title: str) -> Guess:
    if title in FIELDS or _LANGUAGE.fullmatch(title):
        return Guess(title.lower(), sure=True)
    plain = _AROUND.sub("", title.casefold())
    bare = _NUMBER.sub("", plain).rstrip(".")
    if plain in _KNOWN:
        return Guess(_KNOWN[plain], sure=True)
    if _KNOWN.get(bare) == "similar_questions":
        return Guess("similar_questions", sure=True)
    near = max(_GUESSED, key=lambda word: _likeness(plain, word))
    return Guess(_GUESSED[near] if _likeness(plain, near) >= NEAR else "", sure=False)


def _likeness(title: str, word: str) -> float:
    """Return how alike they are; a title that says more than a known word of two signs is."""
    if len(word) >= 2 and not word.isascii() and word in title:  # noqa: PLR2004
        return NEAR + len(word)
    return fuzz.ratio(title, word) if len(title) > 2 else 0.0  # noqa: PLR2004 - near anything


def _by_content(
    found: dict[str, Guess], taken: set[str], samples: Sequence[Mapping[str, Any]]
) -> None:
    open_ones = [title for title, one in found.items() if not one.field]
    texts = {title: [str(row[title]) for row in samples if row.get(title)] for title in open_ones}
    asking = None if "question" in taken else _asking(texts)
    if asking is not None:
        found[asking] = Guess("question", sure=False)
        del texts[asking]
    is_answered = any(name.startswith("answer") for name in taken)
    longest = None if is_answered else max(texts, key=lambda t: _length(texts[t]), default=None)
    if longest is not None and _length(texts[longest]):
        found[longest] = Guess("answer", sure=False)


def _asking(texts: Mapping[str, Sequence[str]]) -> str | None:
    """Return the first column of which at least half asks something."""
    asking = (title for title, said in texts.items() if said and _share(_ASKS, said) >= 0.5)  # noqa: PLR2004 - half
    return next(asking, None)


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    return sum(bool(pattern.search(text.casefold())) for text in texts) / len(texts)


def _length(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / max(len(texts), 1)


def check(meanings: Mapping[str, str]) -> None:
    """Check what was told of the columns: each field once, and a question among them.

    Raises:
        BadColumns: it cannot be so.
    """
    given: dict[str, str] = {}
    for title, field in meanings.items():
        if not field:
            continue
        if field not in FIELDS and not (_LANGUAGE.fullmatch(field) or field == "answers"):
            raise BadColumns(
                "%(field)r is no field; there are %(known)s", field=field, known=", ".join(FIELDS)
            )
        if field in given and field != "similar_questions":
            raise BadColumns(
                "%(one)r and %(other)r cannot both be %(field)s",
                one=given[field],
                other=title,
                field=field,
            )
        given[field] = title
    if "question" not in given:
        raise BadColumns("one of the columns must be question")


def renamed(row: Mapping[Any, Any], meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with our fields; several columns of similar questions become one list."""
    made: dict[str, Any] = {}
    for title, value in row.items():
        field = meanings.get(str(title), "")
        if not field:
            continue
        if field == "similar_questions" and field in made:
            made[field] = [*_listed(made[field]), *_listed(value)]
        else:
            made[field] = value
    return made


def rules_among(fields: Iterable[str]) -> list[str]:
    """Return those of these fields that are rules of an entry."""
    return [field for field in fields if field in rule_fields.NAMES]


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return cells.split(value) if isinstance(value, str) else [value]
