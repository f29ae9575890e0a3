import asyncio
import json
from datetime import UTC, datetime

import pytest

from storage import knowledge, people, thresholds
from storage.articles import Content
from storage.database import Database
from storage.models import Role
from storage.rules import Rules

NOW = datetime(2026, 11, 27, tzinfo=UTC)

ROWS = [
    {
        "id": "returns",
        "question": "如何申请退货",
        "similar_questions": ["怎么退货"],
        "answer": "在订单里点退货。",
    },
    {
        "id": "hours",
        "question": "你们几点营业",
        "similar_questions": [],
        "answer": "每天九点到九点。",
    },
]


@pytest.fixture
def rows(tmp_path, config):
    config.write_text(config.read_text() + "faq: {encoder: 'off'}\n")
    path = tmp_path / "faq.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS))
    return path


def write_by_hand(config, key):
    """Let Ann write a draft in the desk."""
    url = config.read_text().split()[1]
    now = datetime(2026, 11, 27, tzinfo=UTC)

    async def write():
        async with Database(url, guest=True) as db:
            ann = await db.write(people.create_agent, "Ann", "x", Role.EDITOR, now)
            mine = Content("Mine", (), {"en": "mine"})
            await db.write(knowledge.save_draft, key, mine, ann.id, now)

    asyncio.run(write())


def exported(command, tmp_path):
    path = tmp_path / "out.jsonl"
    done = command("faq", "export", str(path))
    assert done.exit_code == 0, done.output
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_published_import_is_live_at_once_and_a_second_one_changes_nothing(
    command, rows, tmp_path
):
    first = command("faq", "import", str(rows), "--publish")
    assert (first.exit_code, first.stdout) == (0, "new 2, changed 0, same 0\npublished\n")
    again = command("faq", "import", str(rows), "--publish")
    assert (again.exit_code, again.stdout) == (0, "new 0, changed 0, same 2\n")
    assert sorted(exported(command, tmp_path)) == ["hours", "returns"]


@pytest.mark.parametrize("option", [(), ("--dry-run", "--publish")])
def test_drafts_and_dry_runs_are_not_live(command, rows, tmp_path, option):
    done = command("faq", "import", str(rows), *option)
    assert done.exit_code == 0
    assert ("dry run" in done.stdout) == bool(option)
    assert exported(command, tmp_path) == []


def test_columns_are_told_by_hand_and_doubled_questions_are_named(command, rows, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("id,Frage,Antwort\na,Wann?,Um neun\nb,wann,Um zehn\n")
    refused = command("faq", "import", str(table))
    assert refused.exit_code == 1
    assert "row 1: unknown field 'Frage'" in refused.stderr
    told = ("--column", "Frage=question", "--column", "Antwort=answers.de")
    done = command("faq", "import", str(table), *told, "--publish")
    assert done.exit_code == 0
    assert "row 3: row 2 has the question 'wann' too" in done.stderr
    assert command("faq", "import", str(table), "--column", "Frage").exit_code == 2


def test_a_draft_that_somebody_wrote_is_not_overwritten_unasked(command, rows, config):
    command("faq", "import", str(rows))
    write_by_hand(config, "hours")
    refused = command("faq", "import", str(rows), "--publish")
    assert refused.exit_code == 1
    assert "row 2: the draft of 'hours' by Ann would be ended" in refused.stderr
    done = command("faq", "import", str(rows), "--publish", "--overwrite-drafts")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "published")


def test_one_wrong_row_and_nothing_is_imported(command, rows, tmp_path):
    with rows.open("a") as file:
        file.write('{"id": "empty", "question": "", "answer": "x"}\n')
    done = command("faq", "import", str(rows), "--publish")
    assert done.exit_code == 1
    assert "row 3: " in done.stderr
    assert "nothing was imported" in done.stderr
    assert exported(command, tmp_path) == []


@pytest.mark.parametrize("name", ["missing.jsonl", "faq.doc"])
def test_a_file_that_cannot_be_read_is_one_line(command, rows, tmp_path, name):
    done = command("faq", "import", str(tmp_path / name))
    assert done.exit_code in (1, 2)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert name in done.stderr


def test_a_question_is_explained_for_people_and_for_programs(command, rows):
    command("faq", "import", str(rows), "--publish")
    done = command("faq", "ask", "怎么退货", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["text"] == "怎么退货"
    assert told["candidates"][0]["id"] == "returns"
    words = command("faq", "ask", "怎么退货").stdout
    assert words.split()[0] in ("answer", "suggest", "handoff")
    assert "returns" in words


async def rule(url, key, rules):
    """Publish an entry with rules, and a threshold for its category that is soon reached."""
    async with Database(url) as db:
        content = Content("贵宾室在哪里", (), {"zh": "三楼"}, category=key, rules=rules)
        await db.write(knowledge.save_draft, key, content, None, NOW)
        await db.write(knowledge.publish, None, "", NOW)
        ann = await db.write(people.create_agent, "Ann", "x", Role.ADMIN, NOW)
        await db.write(thresholds.apply, {"sure": 0.5}, "", ann.id, NOW)


@pytest.mark.parametrize(
    ("key", "rules", "asked", "band"),
    [
        ("held", Rules(mode="contains"), "请问贵宾室在哪里啊我找不到", "answer"),
        ("some", Rules(tags=("vip",)), "贵宾室在哪里", "handoff"),
        ("past", Rules(valid_to=NOW), "贵宾室在哪里", "handoff"),
        ("sure", Rules(), "那贵宾室在哪里呢", "answer"),
    ],
)
def test_a_question_is_decided_by_the_rules_of_the_entries(
    command, rows, config, key, rules, asked, band
):
    command("db", "upgrade")
    asyncio.run(rule(config.read_text().split()[1], key, rules))
    assert json.loads(command("faq", "ask", asked, "--json").stdout)["band"] == band


def test_an_unknown_ending_is_refused_with_those_there_are(command, rows, tmp_path):
    done = command("faq", "export", str(tmp_path / "out.pdf"))
    assert done.exit_code == 2
    assert ".csv" in done.stderr or "csv" in done.stderr


def test_a_set_of_questions_is_measured(command, rows, tmp_path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text(json.dumps({"text": "怎么退货", "faq_id": "returns"}) + "\n")
    out = tmp_path / "predictions.jsonl"
    done = command(
        "faq",
        "evaluate",
        "--faq",
        str(rows),
        "--queries",
        str(queries),
        "--json",
        "--out",
        str(out),
    )
    assert done.exit_code == 0, done.output
    assert "version" in json.loads(done.stdout)
    (line,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (line["text"], line["faq_id"]) == ("怎么退货", "returns")
    assert set(line) >= {"text", "faq_id", "confidence", "band", "candidates", "cpu_ms"}


def test_a_report_holds_figures_curves_and_the_worst_errors(command, rows, tmp_path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text(json.dumps({"text": "退货几点", "faq_id": None}) + "\n")
    folder = tmp_path / "report"
    done = command(
        *("faq", "evaluate", "--faq", str(rows), "--queries", str(queries)),
        *("--calibrate", str(queries), "--report", str(folder)),
    )
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in folder.iterdir()) == [
        "coverage.svg",
        "figures.json",
        "reliability.svg",
        "worst.jsonl",
    ]
    figures = json.loads((folder / "figures.json").read_text())
    assert {"ece", "mrr", "auroc", "build_cpu_s", "memory_mb"} <= figures.keys()
