from __future__ import annotations

import pytest

from channels.email.quotes import fresh

OLD = "请把商品寄回。\n> 更早的\n"


@pytest.mark.parametrize(
    "heading",
    [
        "------------------ 原始邮件 ------------------",
        "-----原始邮件-----",
        "-----Original Message-----",
        "---- 回复的原邮件 ----",
        '在 2026-11-20 11:00:00，"云杉" <help@shop.example> 写道：',
        "韩梅 <han@b.example> 于2026年11月20日周五 10:00写道：",
        "韩梅 <han@b.example> 于2026年11月20日周五\n10:00写道：",
        "2026年11月20日 11:00，云杉 <help@shop.example> 写道：",
        'At 2026-11-20 11:00:00, "云杉" <help@shop.example> wrote:',
        "On Fri, Nov 20, 2026 at 11:00 AM Spruce <help@shop.example> wrote:",
        "On Fri, Nov 20, 2026 at 11:00 AM Spruce\n<help@shop.example>\nwrote:",
        "发件人: 云杉\n发送时间: 2026年11月20日\n收件人: 韩梅\n主题: Re: 退货\n",
        "发件人：云杉\n日期：2026年11月20日\n收件人：韩梅\n主题：Re: 退货\n",
        "*发件人:* 云杉\n*日期:* 2026\n*主题:* x\n",
        "________________________________\nFrom: Spruce\nSent: Friday\nTo: Han\nSubject: x\n",
        "From: Spruce\nDate: Friday\nTo: Han\n",
        "> 请把商品寄回。",
    ],
)
def test_what_was_said_before_is_taken_off(heading):
    assert fresh(f"好的，谢谢！\n\n{heading}\n{OLD}").split("\n")[0] == "好的，谢谢！"
    assert fresh(f"好的，谢谢！\n\n{heading}\n") == "好的，谢谢！"


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote: nothing came.",
        "From: my house to yours",
        "发件人: 是谁？",
        "我在网站写道歉信",
        "- first\n- second",
        "a > b and b > c",
        "--\nonly a line",
        "The date: tomorrow\nTo: you",
    ],
)
def test_ordinary_words_stay(text):
    assert fresh(text) == text


def test_an_answer_below_or_between_quotes_is_found():
    text = "On 20 Nov 2026, Spruce wrote:\n> Which size?\nXL\n> And which colour?\nRed\n"
    assert fresh(text) == "XL\nRed"


def test_a_signature_and_a_telephones_pride_are_taken_off():
    assert fresh("Thanks\n-- \nHan Mei\nCustomer Ltd.") == "Thanks"
    for pride in (
        "发自我的iPhone",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "发自我的小米手机",
    ):
        assert fresh(f"好的\n\n{pride}\n") == "好的"


@pytest.mark.parametrize("text", ["> only a quote", "-----原始邮件-----\n旧的", "发自我的iPhone"])
def test_where_nothing_would_be_left_the_whole_is_kept(text):
    assert fresh(text) == text


@pytest.mark.parametrize("subject", ["Fwd: x", "FW: x", "转发：x", "轉寄: x"])
def test_what_was_forwarded_is_kept_whole(subject):
    text = "看看\n-----原始邮件-----\n账单"
    assert fresh(text, subject) == text
