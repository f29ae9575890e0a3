import ast
import re

import pytest

from console import i18n


def test_the_chinese_catalogue_is_complete():
    assert i18n.problems() == []


def test_every_translation_keeps_the_names_it_fills_in():
    wrong = []
    for message in i18n.read_catalogue():
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        target = message.string[0] if isinstance(message.string, tuple) else message.string
        names = set(re.findall(r"%\((\w+)\)", source))
        if names != set(re.findall(r"%\((\w+)\)", target)):
            wrong.append(source)
    assert wrong == []


@pytest.mark.parametrize(
    ("wishes", "accept", "expected"),
    [
        (("en",), "zh-CN", "en"),
        ((None, "zh_CN"), "en", "zh_CN"),
        ((None,), "en-GB,en;q=0.9", "en"),
        ((None,), "zh-TW,zh;q=0.9", "zh_CN"),
        ((None,), "fr-FR,fr", "zh_CN"),
        ((None,), "", "zh_CN"),
        (("xx",), ";;,", "zh_CN"),
    ],
)
def test_the_language_is_ones_own_wish_then_the_browsers_then_chinese(wishes, accept, expected):
    assert i18n.choose(*wishes, accept=accept) == expected


def test_of_no_words_nothing_is_said():
    assert [i18n.say(locale, "") for locale in i18n.LOCALES] == ["", ""]


def test_a_text_is_said_in_both_languages():
    assert i18n.say("en", "%(minutes)d min", minutes=3) == "3 min"
    assert i18n.say("zh_CN", "%(minutes)d min", minutes=3) == "3 分钟"


def test_the_check_tells_its_result_to_make():
    assert i18n.main(["check"]) == 0
    assert i18n.main(["nonsense"]) == 2


def test_whatever_a_check_finds_has_its_chinese():
    catalogue, unknown = i18n.read_catalogue(), []
    for path in (found for one in i18n.FINDINGS for found in i18n.HERE.parent.glob(one)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in i18n.IN_FINDINGS:
                texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
                unknown += [text for text in texts if catalogue.get(text) is None]
    assert unknown == []


@pytest.mark.parametrize(("wish", "code"), [("en", "en"), ("zh-CN", "zh-CN")])
async def test_every_page_tells_in_which_language_it_is(desk_console, wish, code):
    admin = await desk_console.enter("admin")
    admin.headers["accept-language"] = wish
    pages = ("/inbox", "/tickets", "/approvals", "/kb", "/kb/new", "/kb/refund", "/kb/publish")
    for page in (*pages, "/kb/tests", "/kb/gaps", "/settings/channels", "/me", "/none"):
        answer = await admin.get(page, headers={"accept": "text/html"})
        assert f'<html lang="{code}"' in answer.text, page
    tried = await admin.post("/kb/try", data={"sentence": "hello", "language": "en"})
    assert f'<html lang="{code}"' in tried.text
