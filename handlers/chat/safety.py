"""What the bot must not handle alone: danger, the law, anger, and money.

The lists are wide on purpose: a needless hand-over costs a minute, a missed one much more.
"""

from __future__ import annotations

import re
from typing import Literal

from handlers.base import Outcome, Turn
from handlers.chat.handoff import hand_over
from handlers.chat.words import plain, typed

Matter = Literal["safety", "serious", "anger", "money"]

_DANGER = re.compile(
    r"""受伤|烫伤|烧伤|割伤|划伤|砸伤|炸伤|扎伤|弄伤|流血|出血|骨折|住院|送医|医院|急救|晕倒|昏迷|窒息
    |中毒|过敏|呕吐|食物变质|吃坏|拉肚子|死人|致命|生命危险|人身安全|安全事故|自杀|不想活
    |(?<!熄)起火|着火|失火|火灾|冒烟|冒火|爆炸|炸了|自燃|燃烧起来|漏电|触电|(?<![充放送发])电到(?:我|他|她|人|手|孩|了)|电击|短路|漏气|煤气|有毒
    |\binjur(?:y|ies|ed)\b|\bhurt\s+(?:me|my|him|her|us|someone)\b|\bbleeding\b|\bhospital\b
    |\bambulance\b|\bpoison(?:ed|ing|ous)?\b|\ballerg(?:y|ic|ies)\b|\bexplo(?:de[ds]?|sion)\b
    |\b(?:caught|catch(?:es|ing)?|on|set)\s+fire\b|\bfire\s+hazard\b|\bflames?\b|\bsmok(?:e|ing)\b
    |\bburn(?:ed|t|ing)\b|\bburns?\s+(?:my|me|on)\b|\belectri(?:c\s+shock|cuted)\b|\bgas\s+leak\b|\bsuicid""",
    re.VERBOSE,
)
_SERIOUS = re.compile(
    r"""报警|警察|派出所|公安|起诉|告你们|法院|法庭|律师|诉讼|维权|仲裁|(?<!\d)(?:12315|12345|12305)(?!\d)|消协|消费者协会
    |工商局|市监局|市场监管|监管部门|举报|媒体|曝光|记者|电视台|微博热搜|发到?网上|315晚会
    |盗刷|被盗|财产损失|泄露|诈骗|欺诈
    |\blawsuit\b|\b(?:my|our|hir(?:e|ing)|call(?:ing)?)\s+(?:a\s+|my\s+)?(?:lawyer|attorney)
    |\bsue\s+(?:you|them|this|your)\b|\bsuing\b|\b(?:call(?:ing)?|go(?:ing)?\s+to|to)\s+the\s+police\b
    |\b(?:to|in)\s+court\b|\blegal\s+action\b
    |\b(?:consumer\s+protection|ombudsman|regulator)\b|\bthe\s+(?:press|media|newspapers?)\b|\b(?:on|to)\s+social\s+media\b|\bjournalists?\b
    |\bfraud\b|\bscam(?:s|med|mer|mers)?\b|\bdata\s+(?:leak|breach)\b""",
    re.VERBOSE,
)
_ANGER = re.compile(
    r"""骗子|骗人|骗钱|坑人|黑店|奸商|无良|垃圾(?:公司|平台|店|客服|产品|服务|东西|玩意)|太垃圾|真垃圾|^垃圾$
    |滚蛋|去死|混蛋|王八|傻[逼比叉]|妈的|他妈|操你|气死|忍无可忍|太过分|欺人太甚|不要脸|恶心
    |什么(?:破|烂|鬼)|受够了|投诉到底
    |\bridiculous\b|\bunacceptable\b|\bdisgust(?:ed|ing)\b|\boutrageous\b|\bfurious\b|\bf+u+ck
    |\bbullshit\b|\bliars?\b|\bthie(?:f|ves)\b|\brip[- ]?off\b|\bfed\s+up\b
    |\bworst\s+(?:service|company)\b""",
    re.VERBOSE,
)
_MONEY = re.compile(
    r"""赔偿|赔钱|赔我|赔给|赔付|赔不赔|退一赔|假一赔|十倍赔|精神损失|误工费|补偿
    |(?:必须|马上|立刻|立即|现在就|赶紧|赶快|今天就?).{0,6}(?:退款|退钱|还钱|退我|退给)
    |(?:退|还)我?(?:的)?钱|(?:保证|承诺|答应).{0,8}(?:退|赔|免费|打折|优惠|减)
    |退(?:我|还|给我)?\s*\d+(?:\.\d+)?\s*(?:元|块)|(?:少|便宜|减|优惠)\s*\d+\s*(?:元|块)
    |(?:便宜|少)(?:一)?点(?:儿)?(?:吧|行|呗|可以|卖)|给我(?:免单|打折|降价|优惠)
    |\bcompensat|\breimburse|\b(?:give|want|get|demand)\b.{0,20}\bmy\s+money\b|\bmoney\s+back\b(?!\s+guarantee)
    |\b(?:demand|insist|promise|guarantee)\b.{0,30}\b(?:refund|discount|money)
    |\brefund\s+me\b|\bpay\s+for\s+(?:the|my)\s+(?:damage|loss)""",
    re.VERBOSE,
)
_ASKS_HOW = re.compile(
    r"怎么(?!还|这么|不|回事)|如何|标准|政策|流程|规则|规定|条件|多久|几天|什么时候|何时|包含|什么是"
    r"|\bhow\b|\bpolicy\b|\bprocess\b|\bterms\b|\bwhat\s+is\b"
)


def matter(text: str) -> Matter | None:
    """Say what in a message a person must see to, the gravest first."""
    said = plain(text)
    if _DANGER.search(said):
        return "safety"
    if _SERIOUS.search(said):
        return "serious"
    if _ANGER.search(said):
        return "anger"
    # Asking for the rules about money is a question; asking for money is not.
    if _MONEY.search(said) and not _ASKS_HOW.search(said):
        return "money"
    return None


def is_grave(text: str) -> bool:
    """Say whether people or the law are involved: then not even a form goes on alone."""
    return matter(text) in ("safety", "serious")


async def safety(turn: Turn) -> Outcome | None:
    """Call a person when the matter is not for a machine."""
    found = matter(typed(turn))
    return hand_over(turn, found) if found else None
