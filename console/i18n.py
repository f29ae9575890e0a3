"""The console's languages: English in the source, Chinese in `locale/`.

`python -m console.i18n update` takes new texts from the source into the catalogue,
`python -m console.i18n check` fails when one of them has no Chinese yet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import NullTranslations, Translations
from jinja2.ext import babel_extract

HERE = Path(__file__).parent
CATALOGUE = HERE / "locale" / "zh_CN" / "LC_MESSAGES" / "console.po"
LOCALES = ("zh_CN", "en")
DEFAULT = "zh_CN"
IN_TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2)}
IN_PYTHON = {**IN_TEMPLATES, "mark": None, "say": (2,)}
IN_FINDINGS: dict[str, Any] = {"mark": None, "fine": None, "warn": (1, 2), "wrong": (1, 2)}
IN_TROUBLES: dict[str, Any] = {
    "mark": None,
    "BadFile": (1,),
    "BadWorkbook": (1,),
    "BadColumns": (1,),
    "BadRow": (1,),
}
TROUBLES = (
    "faq/rows.py",
    "faq/columns.py",
    "faq/entries.py",
    "faq/rule_fields.py",
    "faq/compare.py",
    "faq/importer.py",
    "faq/workbook.py",
    "console/import_work.py",
)
"""What is wrong with files that are brought, which the console translates too."""
FINDINGS = ("channels/health.py", "channels/*/ills.py", "bot/health.py", "bot/diagnosis.py")
"""What the storeys say about the health of a channel, which the console translates."""
_Said = tuple[str, str | tuple[str, ...], str | None]
JINJA_OPTIONS = {
    "newstyle_gettext": "true",
    "trimmed": "true",
    "silent": "false",
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}


def mark(message: str) -> str:
    """Name a text that a template will translate later; returns it as it is."""
    return message


class _Texts(Translations):
    """The catalogue's texts; of no words it says nothing, not the catalogue's own header."""

    def gettext(self, message: str) -> str:
        said: str = super().gettext(message) if message else ""
        return said

    ugettext = gettext


@cache
def translations(locale: str) -> NullTranslations:
    """Return the texts of `locale`."""
    if locale != DEFAULT:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalogue())
    compiled.seek(0)
    return _Texts(compiled)


def say(locale: str, message: str, **values: object) -> str:
    """Return `message` in the language of `locale`, with its `%(name)s` filled in."""
    text: str = translations(locale).ugettext(message)
    return text % values if values else text


def choose(*wishes: str | None, accept: str = "") -> str:
    """Return the first wish we speak, else what the browser asks for, else Chinese."""
    for wish in wishes:
        if wish in LOCALES:
            return wish
    asked = [part.split(";")[0].strip() for part in accept.split(",")]
    found = negotiate_locale([tag for tag in asked if tag], ["zh", "zh_CN", "en"], sep="-")
    return "en" if found == "en" else DEFAULT


def read_catalogue() -> Catalog:
    """Return the Chinese catalogue as it is in the repository."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale=Locale.parse(DEFAULT))


def found_texts() -> Catalog:
    """Return every text of the source and the templates."""
    catalogue = Catalog(project="Yingda", charset="utf-8")
    for name, message, context in _texts():
        catalogue.add(message, locations=[(name, 0)], context=context)
    return catalogue


def _texts() -> Iterator[_Said]:
    for path in sorted(HERE.rglob("*.py")):
        yield from _extracted(path, "python", IN_PYTHON)
    for path in sorted((HERE / "templates").rglob("*.html")):
        yield from _extracted(path, babel_extract, IN_TEMPLATES)
    for patterns, keywords in ((FINDINGS, IN_FINDINGS), (TROUBLES, IN_TROUBLES)):
        for path in sorted(found for pattern in patterns for found in HERE.parent.glob(pattern)):
            for name, message, context in _extracted(path, "python", keywords, HERE.parent):
                for text in (message,) if isinstance(message, str) else message:
                    yield name, text, context


def _extracted(path: Path, method: Any, keywords: Any, below: Path = HERE) -> Iterator[_Said]:  # noqa: ANN401 - Babel's own
    with path.open("rb") as file:
        for _, message, _, context in extract(method, file, keywords, (), JINJA_OPTIONS):
            yield path.relative_to(below).as_posix(), message, context


def problems() -> list[str]:
    """Return what is wrong with the catalogue, one line each; none when it is complete."""
    catalogue, source = read_catalogue(), found_texts()
    wrong = []
    for message in source:
        if not message.id:
            continue
        known = catalogue.get(message.id, message.context)
        if known is None:
            wrong.append(f"not in the catalogue: {message.id!r}")
        elif known.fuzzy:
            wrong.append(f"fuzzy: {message.id!r}")
        elif not all(known.string if isinstance(known.string, tuple) else (known.string,)):
            wrong.append(f"not translated: {message.id!r}")
    return wrong + [
        f"no longer in the source: {message.id!r}"
        for message in catalogue
        if message.id and source.get(message.id, message.context) is None
    ]


def update() -> None:
    """Take new texts into the catalogue, drop the old ones, guess nothing."""
    catalogue = read_catalogue() if CATALOGUE.exists() else Catalog(locale=DEFAULT)
    catalogue.update(found_texts(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, sort_output=True, no_location=True, omit_header=True, width=0)


def main(arguments: list[str]) -> int:
    """Run `update` or `check`; the answer is the process's exit code."""
    if arguments == ["update"]:
        update()
    elif arguments != ["check"]:
        sys.stderr.write("usage: python -m console.i18n update|check\n")
        return 2
    wrong = problems()
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
