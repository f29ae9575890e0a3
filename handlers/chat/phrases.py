"""How people ask for a person, the menu, a complaint or its progress."""

from __future__ import annotations

import re

from faq.small_talk import small_talk
from handlers.chat.words import plain

FIRST_SHORTEST = 6
"""How much must be said beside the wish to complain to tell what it is about."""

_PERSON = (
    r"(?:人工(?:客服|服务|坐席|座席)?|真人(?:客服)?|活人|客服(?:人员|小姐姐|小哥哥?)?|专员|人类)"
)
_COLLEAGUE = (
    r"(?:human|agent|operator|representative|advisor|colleague|live\ person|real\ person"
    r"|customer\ (?:service|support|care))"
)
_HUMAN = re.compile(
    rf"""^(?:{_PERSON}+|转|转接|坐席|座席|人呢|有人(?:吗|在吗|么|没)?|来个人|来人|在线客服)
     (?:谢谢|吧|啊|呢|吗|在吗|在不在)?$
    |^(?:人工|真人)(?:客服|服务)?[,!。]
    |(?:转|转接|接|接入|换|找|要|叫|联系|呼叫|召唤|需要|安排|帮我?接|给我|来)
     (?:一下|下|一?[个位名]|你们的?|的|到|成|通)*{_PERSON}
    |(?:和|跟|与|同){_PERSON}.{{0,4}}(?:说|聊|谈|沟通|讲|对话)
    |{_PERSON}(?:介入|接待|接听|处理|回复|帮我)
    |(?:找|换|来|叫|派|要)(?:一?[个位])?人(?:来|跟|和|说|处理|接|聊|$)
    |有没有(?:真?人|客服)|^我?要人工
    |(?:不想|不要|别|不愿意?)(?:再)?(?:和|跟|与|用)?(?:你|这个)?(?:机器人?|ai|智能客服)
    |^/?(?:human|agent|operator|representative|rep|real\ person|live\ (?:agent|chat|person)
     |customer\ (?:service|support))(?:\ please)?$
    |\b(?:talk|talking|speak|speaking|chat|connect|transfer|switch|pass|put|escalate)\b.{{0,24}}
     \b(?:{_COLLEAGUE}|person|someone|somebody|people)\b
    |\b(?:get|give|need|want|have|reach|call|contact)\b\ (?:me\ |us\ |in\ touch\ with\ )?
     (?:to\ have\ )?(?:an?\ |the\ |your\ |some\ )?(?:{_COLLEAGUE}|person)\b(?!\ to\ go)
    |\b(?:real|live|actual)\ (?:human|person|people|agent)\b""",
    re.VERBOSE,
)
_HOURS = re.compile(
    r"""几点|上班|下班|营业|工作时间|服务时间|什么时候|电话(?:是|号码|多少)
    |\bhours?\b|\bwhen\b|\bphone\ number\b""",
    re.VERBOSE,
)
_EXPLICIT = re.compile(r"转人工|转接|转客服|找人工|接人工|\b(?:talk|speak|transfer|connect)\b")
_DEMANDED = re.compile(
    rf"""(?:请|帮我?|给我|我要|我想|要求|直接|现在|马上|立刻|赶紧).{{0,4}}(?:转|接|找|换|叫).{{0,4}}{_PERSON}
    |\b(?:please|want|need|let\ me|can\ i|could\ i|would\ like)\b.{{0,16}}
     \b(?:talk|speak|transfer|connect)\b.{{0,24}}\b(?:{_COLLEAGUE}|person|someone|somebody)\b""",
    re.VERBOSE,
)
_REFUSED = re.compile(
    rf"""(?:不要|不用|不需要|别|无需|不必|先不)(?:再|给我|帮我)*(?:转|找|接|叫)?(?:接|到)?{_PERSON}
    |\b(?:don't|do\ not|no\ need\ to|not)\b.{{0,16}}\b(?:human|person|agent|transfer|operator)\b""",
    re.VERBOSE,
)
_MENU = re.compile(r"/?(?:菜单|主菜单|帮助|功能|常见问题|目录|menu|help|options|faq)")
_START = re.compile(r"/start(?:\s.*)?")
_COMPLAINT = re.compile(r"投诉|\bcomplain(?:t|ts|ing)?\b")
_NO_COMPLAINT = re.compile(
    r"""(?:不是|不想|不用|没有?|取消|撤销|撤回|不)(?:要|再|来|我的)*投诉
    |\b(?:not|no|cancel)\b.{0,12}\bcomplain""",
    re.VERBOSE,
)
_OPENING = re.compile(
    r"""^(?:你好|您好|那个|嗯|我|现在|今天|必须|就|想|要|需要|来|去|进行|登记|提交|发起|一个
     |怎么|如何|在哪|哪里|能|可以)*投诉(?:一下|你们|下|吗|了)?[\s,，.。:：;；!！、?？]*
    |^(?:i\s+(?:want|would\ like|need)\s+to\s+)?(?:make\s+|file\s+|submit\s+)?(?:a\s+)?
     complain(?:t)?(?:\s+about)?[\s,.:;!]*""",
    re.IGNORECASE | re.VERBOSE,
)
_PROGRESS = re.compile(
    r"""投诉.{0,4}(?:进度|进展|状态|结果|处理得?(?:怎么样|如何|好了吗|完了吗|了吗|了没)
     |怎么样了|如何了|到哪|有消息)
    |投诉.{0,8}(?:还没|一直没|没人|多久了).{0,6}(?:处理|回复|消息|结果|管|理)
    |(?:查询?|查一下|看看?|查看|跟进)(?:一下|下)?.{0,4}(?:投诉|工单|进度)
    |^(?:进度|查进度|工单|进展|progress|status)$
    |\b(?:status|progress|update|news)\b.{0,16}\b(?:complaint|ticket|case)\b
    |\bmy\ (?:complaint|ticket|case)\b.{0,20}\b(?:status|progress|going|stand|update)""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?<![a-z0-9])(?:ts|sh|yj)\d{8}-\d{4,6}(?!\d)")


def wants_human(text: str) -> bool:
    """Say whether the customer asks for a person; in doubt, yes.

    Who asks whether they speak to one is told, and shown the way.
    """
    said = plain(text)
    if not _HUMAN.search(said) or _REFUSED.search(said) or small_talk(text) == "robot":
        return False
    return not _HOURS.search(said) or bool(_EXPLICIT.search(said))


def demands_human(text: str) -> bool:
    """Say whether even a long story asks for a person, now."""
    return bool(_DEMANDED.search(plain(text))) and wants_human(text)


def wants_menu(text: str) -> bool:
    """Say whether the customer asks what there is."""
    return bool(_MENU.fullmatch(plain(text)) or _START.fullmatch(text.strip()))


def wants_to_complain(text: str) -> bool:
    """Say whether the customer wants to make a complaint."""
    said = plain(text)
    return bool(_COMPLAINT.search(said)) and not _NO_COMPLAINT.search(said)


def what_about(text: str) -> str:
    """Return what was said beside the wish to complain, if it tells anything."""
    rest = _OPENING.sub("", text.strip(), count=1).strip()
    return rest if len(plain(rest)) >= FIRST_SHORTEST else ""


def wants_progress(text: str) -> bool:
    """Say whether the customer asks how a complaint stands."""
    return bool(_PROGRESS.search(plain(text))) or ticket_number(text) is not None


def ticket_number(text: str) -> str | None:
    """Return the number of a ticket that is named in a message."""
    found = _NUMBER.search(plain(text))
    return found[0].upper() if found else None
