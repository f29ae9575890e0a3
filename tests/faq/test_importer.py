import io
import json
from datetime import UTC, datetime

import pytest
import xlsxwriter

from faq.entries import entry_of
from faq.importer import read, read_file, read_jsonl_entries
from faq.matcher import Entry


def problems(name, text):
    content = text if isinstance(text, bytes) else text.encode()
    found = read(name, content)
    assert found.entries == ()
    return [(error.row, error.problem) for error in found.errors]


def test_a_table_is_read_with_its_lists_and_languages():
    text = (
        "\ufeffid;question;similar_questions;answer;answers.en;kind;category\n"
        "r;如何退货;怎么退货|退货流程;在订单页申请;In the order;service;退换货\n"
    )
    (entry,) = read("x.csv", text.encode()).entries
    answers = {"zh": "在订单页申请", "en": "In the order"}
    assert entry == Entry("r", "如何退货", ("怎么退货", "退货流程"), answers, "service", "退换货")


def test_chinese_column_names_and_gb18030_are_understood():
    text = "问题,答案,相似问题\n如何退货,在订单页申请,怎么退货\n"
    (entry,) = read("x.csv", text.encode("gb18030")).entries
    assert (entry.question, entry.answers) == ("如何退货", {"zh": "在订单页申请"})


def test_an_entry_without_an_id_gets_the_same_one_each_time():
    text = b"question,answer\nhours?,9 to 6\n"
    assert read("x.csv", text).entries[0].id == read("x.csv", text).entries[0].id


def test_lines_of_json_are_read():
    line = {"id": "a", "question": "hours", "similar_questions": ["open?"], "answer": "9 to 6"}
    (entry,) = read("x.jsonl", json.dumps(line).encode()).entries
    assert entry == Entry("a", "hours", ("open?",), {"en": "9 to 6"})


def test_yaml_is_read_with_answers_by_language():
    text = "entries:\n- id: a\n  question: 营业时间\n  answer: {zh: 九点, en: nine}\n"
    (entry,) = read("x.yaml", text.encode()).entries
    assert entry.answers == {"zh": "九点", "en": "nine"}


def test_a_question_that_stands_twice_is_named_as_that_where_nobody_gave_it_an_id():
    text = "question,answer\nhours?,9 to 6\nHours ?,10 to 7\n"
    assert problems("x.csv", text) == [(3, "the question is already in row 2")]


def test_one_bad_row_keeps_all_out_and_every_bad_row_is_named():
    text = "id,question,answer,kind\na,q,yes,product\nb,,no,\na,q2,x,\nd,q3,,\ne,q4,x,magic\n"
    assert problems("x.csv", text) == [
        (3, "the question is empty"),
        (4, "id 'a' is already in row 2"),
        (5, "the answer is missing"),
        (6, "kind 'magic' is not one of product, price, service, technical, individual, other"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("x.csv", "id,answer\n1,2\n", "one of the columns must be question"),
        ("x.csv", "", "must name the columns"),
        ("x.csv", b"\xff\x00\x81", "neither UTF-8 nor GB18030"),
        ("x.csv", b"\xff\xfe\x00\xd8", "neither UTF-8 nor GB18030"),
        ("x.csv", b"\x00\x01\x02", "this is not a text file"),
        ("x.csv", 'question,answer\nq,"' + "a" * 200_000, "line 2: a cell is longer than"),
        ("x.csv", "question,question\nq,a\n", "unknown field 'question (2)'"),
        ("x.csv", ",".join(f"c{n}" for n in range(101)), "more than 100 columns"),
        ("x.jsonl", "{", "line 1 is not JSON"),
        ("x.jsonl", "[" * 100_000, "line 1 is not JSON"),
        ("x.jsonl", "", "holds no entries"),
        ("x.jsonl", "[1]", "is not an object"),
        ("x.jsonl", '{"question": "a", "answer": "b", "answr": "c"}', "unknown field 'answr'"),
        ("x.jsonl", '{"question": ["a"], "answer": "b"}', "question must be text"),
        ("x.jsonl", '{"question": "a", "answer": {"z h": "b"}}', "is not a language code"),
        ("x.jsonl", '{"question": "a", "similar_questions": 3, "answer": "b"}', "must be a list"),
        ("x.jsonl", json.dumps({"question": "q" * 501, "answer": "b"}), "longer than 500"),
        ("x.yaml", "a: [", "not YAML"),
        ("x.yaml", "a: 1", "must be a list of entries"),
        ("x.yaml", "- &a {question: q, answer: a}\n- *a\n", "aliases are not taken"),
        ("x.yaml", "- !!python/object/apply:os.system ['true']\n", "not YAML"),
        ("x.xlsx", b"PK nothing", "not a workbook"),
        ("x.exe", "", "is not known"),
        ("x", "", "a file without ending"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason(name, content, problem):
    (found,) = problems(name, content)
    assert problem in found[1]


def test_too_many_rows_are_refused():
    text = "question,answer\n" + "".join(f"q{n},a\n" for n in range(50_001))
    assert "more than 50000 rows" in problems("x.csv", text)[0][1]


def test_errors_stop_after_a_hundred():
    assert len(problems("x.csv", "question,answer\n" + "q,\n" * 5000)) == 101


def test_a_missing_file_is_an_error_and_no_crash(tmp_path):
    (error,) = read_file(tmp_path / "none.csv").errors
    assert "No such file" in error.problem


def test_a_column_is_told_by_hand_where_its_title_says_nothing():
    text = b"Frage;Antwort;Notiz;answer\nWann?;Um neun;x;y\n"
    assert read("x.csv", text).errors[0].problem.startswith("unknown field 'Frage'")
    told = {"Frage": "question", "Antwort": "answers.de", "Notiz": "", "answer": ""}
    (entry,) = read("x.csv", text, told).entries
    assert (entry.question, entry.answers) == ("Wann?", {"de": "Um neun"})


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"a": "answer", "b": ""}, "one of the columns must be question"),
        ({"a": "question", "b": "question"}, "'a' and 'b' cannot both be question"),
        ({"a": "question", "b": "magic"}, "'magic' is no field"),
        ({"a": "question", "b": "answer", "c": "id"}, "there is no column 'c'"),
    ],
)
def test_columns_that_cannot_mean_that_are_refused(told, problem):
    (error,) = read("x.csv", b"a,b\nq,x\n", told).errors
    assert problem in error.problem


def test_rows_are_numbered_as_the_spreadsheet_numbers_them():
    text = "\n,,\nid,question,answer\n\na,,x\n"
    assert problems("x.csv", text) == [(5, "the question is empty")]


def test_excels_own_text_export_and_chinese_kinds_are_understood():
    text = "问题\t答案\t类型\n如何退货\t在订单页申请\t服务\n"
    (entry,) = read("x.csv", text.encode("utf-16")).entries
    assert (entry.question, entry.kind) == ("如何退货", "service")


def test_numbers_days_and_truths_of_a_workbook_are_read_as_they_are_shown():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        book.add_worksheet("empty")
        sheet = book.add_worksheet("second")
        sheet.write_row(2, 1, ["编号", "问题", "中文答案", "英文答案"])
        sheet.write_row(3, 1, [1001, "何时上市"])
        sheet.write_datetime(3, 3, datetime(2026, 11, 27, tzinfo=UTC).replace(tzinfo=None), day)
        sheet.write_boolean(3, 4, True)  # noqa: FBT003 - the library's own
    (entry,) = read("x.xlsx", out.getvalue()).entries
    assert entry.id == "1001"
    assert entry.answers == {"zh": "2026-11-27", "en": "TRUE"}


def test_entries_of_an_evaluation_need_no_answers(tmp_path):
    path = tmp_path / "faq.jsonl"
    path.write_text('{"id": "a", "question": "q"}\n\n{"id": "b", "question": ""}\n')
    with pytest.raises(ValueError, match="line 3: the question is empty"):
        read_jsonl_entries(path)
    assert entry_of({"id": 7, "question": "q"}).id == "7"
