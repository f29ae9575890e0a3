"""Hears what a customer does *not* want: a denial must not be answered as the wish for it."""

from __future__ import annotations

import re

from faq.normalize import HAN, tidy

NOT = (
    "(?<![是要用必需想])(?:不想|不是|不要|不用|不必|不需要)"
    "|无需|没有要|没想|不打算|没打算|不准备|没准备|不考虑|不愿|不太想"
    "|不急着|先不|暂不|暂时不|不再|请勿|切勿|别(?!的|人|家|处|名)"
    "|don'?t|do not|not going to|no need to|never"
)
_ACTION = (
    r"退|换|取消|开(?:发)?票|发票|注销|删除|投诉|改|买|申请|付款|发货|寄|修|报修|人工|预约|订|安装"
    r"|关闭|解绑|续费|升级|充值|提现"
    r"|销(?:户|卡|号)|分期|提额|挂失|开通|停机|解约|过户|转网|挂号|改签|贷款"
    r"|return|refund|exchange|cancel|invoice|delete|close|complain|change|buy|order|ship|repair"
    r"|block|freeze|replace|renew|upgrade|downgrade|subscribe|transfer|activate|remove|book|reset"
    r"|reschedul|enrol|withdraw"
)
_HOW = r"怎么|怎样|如何|咋|能不能|可不可以|\bhow\b|可以|就?能|了\s*(?:请|麻烦|帮|想|我[要想])"
"""What follows is asked for: how, whether, or, now that a thing is of no use, to be rid of it."""
_NEGATED = re.compile(rf"(?:{NOT})(?:(?!{_HOW})[^,，。!！?？;；]){{0,12}}?(?:{_ACTION})")
_UNWILLING = re.compile(
    r"\b(?:(?:do|does|did|would|wo)n'?t|(?:do|does|did|would|will) not|not|never)"
    r" (?:really |actually |even |yet )?(?:want|wish|need|plan|intend|mean|try|ask|look"
    r"|about)(?:ed|n?ing)? (?:(?:you|it|them) )?(?:to|for)\b"
    r"|\b(?:rather not|not interested in|no longer (?:want|wish|need) to|no need (?:to|for))\b"
    r"|\b(?:i'?m|i am|we'?re|we are) not (?:after|(?:cancell?|return|refund|exchang|chang|delet"
    r"|clos|upgrad|downgrad|renew|subscrib|unsubscrib|transferr|remov|reschedul|withdraw)ing)\b"
    r"|(?:不用|不必|不需要|不要)再?开(?!门|机)"
)
_WITHIN = r"[^,，。!！?？;；]"
_STARTS = rf"(?:^|(?<=[,，。!！?？;；])|(?<=[{HAN}]\s))"
_ASKS = (
    r"怎么|怎样|如何|咋|吗|么|嘛|呢|为什么|为啥|多久|多少|什么|啥|几|谁|哪|行不行|可以|能|会(?!员)"
    r"|要不要"
)
_SAYS = rf"(?!{_WITHIN}{{0,30}}(?:{_ASKS}|[?？]))"
"""What follows of the clause asks nothing."""
_MINE = r"退|换|取消|开(?:发)?票|发票|注销|删除|投诉|改|修改|更改|申请|预约|提现|安装"
"""What customers do; who does not *buy* any more wishes to cancel, which denies nothing."""
_EMPHASIS = r"(?:可|又|并|从来|从|根本|压根|真的?|也|都|就|这次|现在|绝对?)*"
_MATTER = (
    r"(?:退货|退款|退换|换货|取消(?:订单)?|发票|开票|注销(?:账[号户])?|投诉|安装|维修|预约|补发)"
)
_DENIED = re.compile(
    rf"{_STARTS}(?:我们?|咱们?)?{_EMPHASIS}(?:不用|不必|不需要|用不着|无需)(?!的|了){_SAYS}{_WITHIN}"
    rf"|{_STARTS}{_SAYS}(?:我们?|咱们?)?{_EMPHASIS}不再?(?:{_MINE})"
    rf"|{_STARTS}{_SAYS}我们?{_EMPHASIS}没有?(?:取消|退|换|下单|注销|投诉|订)"
    rf"|{_STARTS}(?:我们?)?{_EMPHASIS}没有?(?:让|叫|请|说(?!明)|要求|授权|同意|答应|申请)"
    rf"{_WITHIN}{{0,8}}?(?:{_ACTION})"
    rf"|{_STARTS}{_SAYS}(?:(?!要|想|申请|帮|给我){_WITHIN}){{0,30}}?{_MATTER}(?:(?!的){_WITHIN}){{0,6}}?"
    rf"(?:(?<![要用需])(?:不要|不用|不必|不需要)了?|算了|免了)[吧啦啊哈呀哦]*(?=$|[,，。!！;；])"
    rf"|{_STARTS}{_SAYS}(?:(?!要|想|申请|帮|给我){_WITHIN}){{0,8}}?不(?:退|换|改|取消|申请)了"
    rf"|(?:谁(?:说|让|叫)|(?:什么|啥)时候说|几时说){_WITHIN}{{0,6}}?(?:{_ACTION})"
    rf"|我们?(?:拒绝|反对|谢绝)(?:{_ACTION})"
    rf"|(?:千万|绝对|绝)不(?:能|可以?|准|许){_WITHIN}{{0,6}}?(?:{_ACTION})"
    rf"|(?:{_ACTION}){_WITHIN}{{0,4}}?[,，?？]?\s*(?:没有的事|没门|休想)"
    r"|\bi (?:refuse|decline) to\b"
    r"|\bstop (?:cancell?|return|refund|exchang|chang|delet)ing\b"
    r"|\bno (?:returns?|refunds?|exchange|invoice|cancell?ation|replacement)"
    r" (?:please|needed|required|necessary)\b"
)
"""Other ways to say so: without a word of wishing, after the matter, as a question for show."""

_TAKEN_BACK = re.compile(
    rf"{_STARTS}(?:我们?)?{_EMPHASIS}谁(?:要|想)(?:{_MINE}){_SAYS}"
    rf"|(?:哪里|哪儿|哪有|几时|何时)(?:有)?(?:说(?!明)|讲|提过|让|叫){_WITHIN}{{0,6}}?(?:{_ACTION})"
    rf"|{_STARTS}(?:退|换)(?:啥|什么)[货款]?[啊呀哦吧]"
    rf"|{_STARTS}{_SAYS}(?:(?!要|想|申请|帮|给我){_WITHIN}){{0,20}}?{_MATTER}(?:的事)?[?？,，\s]*"
    rf"(?:(?:就|先|还是|那|也)*(?:(?:算|免开?|作罢|别开|不必|不用管|不用办|没必要|暂缓|缓一?缓|放一?放"
    rf"|搁一?搁|等一?等)了?)[吧啦啊哈呀哦]*|[开退换]不[开退换](?:都)?无所谓|不开也行)"
    rf"(?=$|[,，。!！;；])"
    rf"|{_STARTS}{_SAYS}(?:我们?)?{_EMPHASIS}(?:放弃|打消|撤回|撤销|收回){_WITHIN}{{0,3}}?{_MATTER}"
    rf"|{_STARTS}{_SAYS}{_MATTER}(?:申请)?(?:帮我|给我|请|我要|我想)?(?:撤|作废){_WITHIN}{{0,2}}"
    rf"(?=$|[,，。!！;；])"
    rf"|{_STARTS}{_SAYS}{_WITHIN}{{0,12}}?(?:(?:误|不小心|手滑)[点按]|点错|按错)[了到成]?{_MATTER}"
    rf"|{_STARTS}{_SAYS}{_WITHIN}{{0,6}}?{_MATTER}{_WITHIN}{{0,4}}?(?:点错|按错|误点|误操作|手滑)"
    rf"|{_STARTS}{_WITHIN}{{0,6}}(?:{_ACTION}){_WITHIN}{{0,4}}不可能的?(?=$|[,，。!！;；])"
    rf"|{_MATTER}[?？][,，\s]*(?:还是|那)?(?:算了|不了|免了)"
    r"|(?:订单|东西|商品|货)我?还要的?(?=$|[呢啊,，。!！;；])"
    rf"|{_STARTS}{_SAYS}(?:我们?)?{_EMPHASIS}(?<!有)没(?:有)?必要{_WITHIN}{{0,4}}(?:{_ACTION})"
    rf"|{_STARTS}{_SAYS}(?:我们?)?{_EMPHASIS}(?:不想|没打算|不打算)(?:开(?![机门])|办|参加|用)"
    rf"|{_STARTS}{_SAYS}(?:我们?)?{_EMPHASIS}不(?:办|参加)(?!了?想)"
    rf"|{_STARTS}{_SAYS}(?:(?!要|想|申请|帮){_WITHIN}){{1,8}}?(?:我不(?:用|开|办|参加)|我?用不着|不用给我)"
    rf"了?[吧啦啊]?(?=$|[,，。!！;；])"
    rf"|(?:地址|订单|账[号户]|电话|信息)(?:先|就|都)?(?:别|不要|勿)动(?=$|[了吧,，。!！;；])"
    r"|(?:^|[,，。!！])(?:请|先|你们?)?别催"
)
"""Taken back, a slip of the finger, put off, never said, of no use to me; none of it asks."""
_ASKS_IN_ENGLISH = (
    r"\b(?:how|what|where|when|why|which|(?:can|could|may|should|do|will) i|is there)\b|\?"
)
_NOTHING_ASKED = rf"(?!.*(?:{_ASKS_IN_ENGLISH}))"
_TAKEN_BACK_IN_ENGLISH = re.compile(
    rf"^{_NOTHING_ASKED}.*?\b(?:(?:no intention of|decided against|hold off on|let'?s not"
    rf"|do(?:n'?t| not) (?:bother|go ahead|proceed))\b.{{0,24}}?\b(?:{_ACTION})"
    rf"|(?:nobody|no ?one) (?:ever )?(?:asked|wants|wanted|told|said)\b.{{0,24}}?\b(?:{_ACTION})"
    r"|(?:stop|undo|withdraw|revoke|drop|call off|cancel|forget|never mind) (?:about )?"
    r"(?:my|the|a) (?:returns?|refund|exchange|cancell?ation|replacement|complaint)\b"
    r"|(?:click|press|tapp|hit|submitt)(?:ed)?\b.{0,24}?\b(?:by accident|by mistake|accidentally)\b"
    r"|(?:returns?|refund|exchange|cancell?ation|request) was (?:a |an )?(?:mistake|accident)\b"
    rf"|(?:have|has|had)(?:n'?t| not| never) (?:cancell?ed|asked|requested|authori[sz]ed|agreed)\b"
    r"|(?:(?:wo|do|did|would)n'?t|(?:will|do|did|would) not) (?:be )?need(?:ing)?"
    r" (?!it\b|this\b|that\b|them\b|to\b|.*\bany ?more)"
    r"|(?:leave|keep) (?:my|the|this|that) (?:order|address|item|account|subscription|card)\b"
    r"|(?:rather|want to|going to|decided to|will|i'?ll) keep (?:it|this|that|them)"
    r"(?=$|[,.!;]| (?:after|rather|than|instead|please)))"
    r"|\b(?:who said|nobody asked|no ?one asked)\b.*"
    rf"|\b(?:{_ACTION})\w*\b.{{0,6}}(?:is not|isn'?t) what i\b|\b(?:{_ACTION})\w*\? no way\b"
)
"""The same in English."""
_WAYS = (_NEGATED, _UNWILLING, _DENIED, _TAKEN_BACK, _TAKEN_BACK_IN_ENGLISH)


def is_negated(text: str, limit: int = 500) -> bool:
    """Say whether a customer says what they do *not* want done."""
    said = tidy(text, limit).replace("’", "'")
    return any(way.search(said) for way in _WAYS)
