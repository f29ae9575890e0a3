"""The papers say what is so: links lead somewhere, commands exist, the reference is of today."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from bot.config import Config, load
from channels import registry
from docs.generate import HERE, every_command, pages

ROOT = HERE.parent
PAPERS = sorted([*ROOT.glob("*.md"), *HERE.rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
NAMED = re.compile(r"`((?:yingda|make) [^`\n]+)`")
SOURCE = re.compile(r"`((?:bot|channels|console|faq|handlers|storage|tests|docs)/[\w./*-]+)`")
GUIDES = {"webchat": "website"}
"""Channels whose page has another name."""
LONGEST = 115

every_paper = pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))


def blocks(text: str, *languages: str) -> list[str]:
    return [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        for indent, language, body in BLOCK.findall(text)
        if language in languages
    ]


def anchors(text: str) -> set[str]:
    """Return what GitHub makes of the headings."""
    found = HEADING.findall(BLOCK.sub("", text))
    plain = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", each).strip().lower() for each in found]
    return {re.sub(r"[^\w\- ]", "", each).replace(" ", "-") for each in plain}


def lines_of_commands(text: str) -> list[str]:
    shown = "\n".join(blocks(text, "sh")).replace("\\\n", " ")
    lines = [line.strip() for line in shown.splitlines()] + NAMED.findall(BLOCK.sub("", text))
    return [re.sub(r"^(sudo (-u \w+ )?)?(\S*/)?(?=yingda |make )", "", line) for line in lines]


def called(line: str) -> list[str]:
    return shlex.split(re.sub(r"<[^>]*>", "x", line), comments=True)


def test_the_reference_is_what_the_code_says():
    outdated = [
        path
        for path, text in pages().items()
        if not (HERE / path).is_file() or (HERE / path).read_text(encoding="utf-8") != text
    ]
    assert not outdated, "run: python -m docs.generate"


@every_paper
def test_every_link_leads_somewhere(paper: Path):
    text = paper.read_text(encoding="utf-8")
    for target in LINK.findall(BLOCK.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (paper.parent / name).resolve() if name else paper
        assert there.exists(), f"{target} is not there"
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), f"{target}: no heading"


@every_paper
def test_every_command_exists(paper: Path):
    known = {" ".join(names[1:]): command for names, command in every_command()}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in lines_of_commands(paper.read_text(encoding="utf-8")):
        words = called(line) if line.startswith(("yingda ", "make ")) else []
        if words[:1] == ["make"]:
            wanted = {word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)} - {"-s"}
            assert wanted <= targets, line
        elif words:
            name = next((" ".join(words[1:n]) for n in (3, 2) if " ".join(words[1:n]) in known), "")
            assert name or words[1].startswith("-"), f"no such command: {line}"
            options = {o for p in known[name].params for o in p.opts} if name else {"--help"}
            given = {word for word in words if word.startswith("--")}
            assert given <= options, f"no such option: {line}"


@every_paper
def test_every_named_file_is_there(paper: Path):
    for name in SOURCE.findall(BLOCK.sub("", paper.read_text(encoding="utf-8"))):
        if "pigeon" in name or "test_hours" in name:  # CONTRIBUTING's own examples
            continue
        assert list(ROOT.glob(name.rstrip("/"))), f"{name} is not there"


@every_paper
def test_no_line_of_prose_is_too_long(paper: Path):
    prose = BLOCK.sub("", paper.read_text(encoding="utf-8")).splitlines()
    long = [line for line in prose if len(line) > LONGEST and not line.lstrip().startswith("|")]
    assert not long


@every_paper
def test_every_example_of_settings_is_accepted(paper: Path, tmp_path: Path):
    text = paper.read_text(encoding="utf-8")
    secret = tmp_path / "secret"
    secret.write_text("xoxb-the-bot-token")
    for number, settings in enumerate(blocks(text, "yaml")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(settings, encoding="utf-8")
        names = set(re.findall(r"^  (\w+):", settings, re.MULTILINE))
        environ = {}
        for key, value in re.findall(r"^ *export (YINGDA_\w+)=(\S+)$", text, re.MULTILINE):
            if key.split("__")[1].lower() in names:
                environ[key] = str(secret) if key.endswith("_FILE") else value
        assert isinstance(load(path, environ), Config)


@every_paper
def test_every_sketch_names_real_things(paper: Path):
    for sketch in blocks(paper.read_text(encoding="utf-8"), "python"):
        for node in ast.walk(ast.parse(sketch)):
            if not isinstance(node, ast.ImportFrom) or "pigeon" in (node.module or ""):
                continue
            module = import_module(node.module or "")
            for name in node.names:
                assert name.name == "parse" or hasattr(module, name.name), ast.unparse(node)


def test_every_channel_has_its_page():
    for name in registry.CHANNELS:
        assert (HERE / "how-to" / f"{GUIDES.get(name, name)}.md").is_file(), name


def test_every_page_is_in_the_index():
    index = set(LINK.findall((HERE / "README.md").read_text(encoding="utf-8")))
    there = {str(p.relative_to(HERE)) for p in HERE.rglob("*.md")} - {"README.md"}
    assert there <= index


def test_every_dependency_has_a_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["fast"], *extras["semantic"], *extras["postgres"]]
    (paper,) = (HERE / "decisions").glob("0003-*.md")
    reasons = paper.read_text(encoding="utf-8")
    missing = [name for each in needed if (name := re.split(r"[\[<>=;]", each)[0]) not in reasons]
    assert not missing


def test_the_changelog_knows_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
