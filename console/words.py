"""The console's words for what other storeys name by a code."""

from __future__ import annotations

from collections.abc import Mapping

from console.i18n import mark

CHANNELS: Mapping[str, str] = {
    "wechat": mark("WeChat"),
    "wecom": mark("WeCom"),
    "miniprogram": mark("Mini program"),
    "weibo": mark("Weibo"),
    "telegram": mark("Telegram"),
    "slack": mark("Slack"),
    "qq": mark("QQ"),
    "webchat": mark("Website"),
    "webhook": mark("Webhook"),
    "email": mark("E-mail"),
    "douyin": mark("Douyin"),
    "terminal": mark("Terminal"),
}
REASONS: Mapping[str, str] = {
    "asked": mark("asked for a person"),
    "missed": mark("the bot knew no answer"),
    "not_helped": mark("the answer did not help"),
    "safety": mark("safety"),
    "serious": mark("serious complaint"),
    "anger": mark("upset"),
    "money": mark("about money"),
    "private": mark("private matter"),
    "error": mark("the bot failed"),
    "machine": mark("written by a machine"),
    "bounced": mark("our mail came back"),
    "elsewhere": mark("served in the platform's own client"),
}
"""Why the bot called a person; an unknown word is shown as it is."""
REFUSALS: Mapping[str, str] = {
    "window_closed": mark(
        "The platform no longer lets us answer; it can go out once the customer writes again."
    ),
    "quota_used": mark(
        "The platform's number of answers is used up; it can go out once the customer writes again."
    ),
    "kept_for_person": mark(
        "The last answer that the platform allows was kept for a person; send it if it is worth it."
    ),
    "personal_data": mark("It looks like personal data, and others read along here."),
    "no_private_thread": mark(
        "They cannot be written to in private now; ask them here to send a private message."
    ),
}
"""Why a message was not even tried; another reason is shown as the platform gave it."""
PERSONAL_KINDS: Mapping[str, str] = {
    "phone": mark("a phone number"),
    "email": mark("an e-mail address"),
    "id_card": mark("an ID card's number"),
    "bank_card": mark("a bank card's number"),
    "order": mark("the number of an order, a parcel or a case"),
    "address": mark("a postal address"),
    "account": mark("an account, a password or a code"),
}
"""What an answer in public may not hold."""
LISTED = mark(", ")
CONTACT_EVENTS = {
    "followed": mark("The customer followed the account"),
    "unfollowed": mark("The customer left the account"),
    "opened": mark("The customer opened the chat"),
    "blocked": mark("The customer blocked the account"),
    "recalled": mark("The customer took a message back"),
    "bounced": mark("A message of ours came back: it did not arrive"),
    "agreed": mark("The customer wants to be told"),
    "declined": mark("The customer does not want to be told"),
    "served": mark("A colleague took the customer in the platform's own client"),
    "released": mark("The talk in the platform's own client is over"),
}
MEDIA = {
    "image": mark("Image"),
    "voice": mark("Voice message"),
    "video": mark("Video"),
    "file": mark("File"),
}
MEDIA_PROBLEMS = {
    "larger than media.max_bytes": mark("It is larger than what is kept here."),
    "": mark("It could not be fetched."),
}
"""Why a customer's file is not there; the empty word is for every other reason."""
WORDLESS: Mapping[str, str] = {f"[{kind}]": text for kind, text in (MEDIA | CONTACT_EVENTS).items()}
"""What a list shows of a message without words, as storage keeps it."""
BANDS: Mapping[str, str] = {
    "answer": mark("answered"),
    "suggest": mark("suggested"),
    "handoff": mark("handed over"),
}
ROUTES: Mapping[str, str] = {
    "exact": mark("word for word"),
    "greeting": mark("small talk"),
    "small-talk": mark("small talk"),
    "empty": mark("nothing to go by"),
    "timeout": mark("out of time"),
    "not-ready": mark("still starting"),
    "contains": mark("the question contains it"),
    "negated": mark("the customer says what they do not want"),
    "entity": mark("the entry is about another thing of its kind"),
    "clauses": mark("part by part"),
    "pinyin": mark("read as pinyin"),
    "homophones": mark("read by its sound"),
    "withheld": mark("only for some customers"),
}
"""How a decision came about, where it needs saying."""
