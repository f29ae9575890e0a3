"""The demo's page: simulated phones side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from console.chat import visitors_locale
from console.i18n import mark, say
from console.views import part

PATH = "/demo"


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence to try."""

    text: str
    lang: str = "zh"


@dataclass(frozen=True, slots=True)
class Look:
    """What one platform's phone shows around the talk."""

    look: str
    platform: str
    kind: str
    subtitle: str = ""
    opening: str = ""
    placeholder: str = mark("Message")


CHINESE = tuple(map(Sample, ("如何申请退货", "转人工", "我要投诉", "退款多久到账")))
ENGLISH = (
    Sample("How do I return an item?", "en"),
    Sample("Human please", "en"),
    Sample("I want to complain", "en"),
    Sample("How long does a refund take?", "en"),
)
SAMPLES: Mapping[str, tuple[Sample, ...]] = {
    "zh": (*CHINESE, ENGLISH[0]),
    "en": (*ENGLISH, CHINESE[0]),
}
"""What to try, in the reader's language first."""
SHOPS = {"zh": "应答小店", "en": "Yingda Shop"}
LOOKS: Mapping[str, Look] = {
    "wechat": Look(
        "wechat",
        mark("WeChat"),
        mark("official account"),
        opening=mark("You follow this official account."),
        placeholder="",
    ),
    "wecom": Look(
        "wechat",
        mark("WeCom"),
        mark("customer service"),
        opening=mark("You came by the link of this customer service."),
        placeholder="",
    ),
    "miniprogram": Look(
        "wechat",
        mark("Mini program"),
        mark("service messages"),
        opening=mark("You came from a page of this mini program."),
        placeholder="",
    ),
    "weibo": Look(
        "weibo",
        mark("Weibo"),
        mark("private messages"),
        mark("Verified account"),
        mark("Private messages are between you and the account."),
        mark("Private message"),
    ),
    "telegram": Look(
        "telegram",
        mark("Telegram"),
        mark("bot"),
        mark("bot"),
        mark("What can this bot do?"),
    ),
    "slack": Look(
        "slack",
        mark("Slack"),
        mark("shared channel"),
        opening=mark("This is the beginning of #customer-help."),
    ),
    "qq": Look("qq", mark("QQ"), mark("bot"), mark("bot"), mark("You added this bot.")),
    "douyin": Look(
        "douyin",
        mark("Douyin"),
        mark("private messages"),
        mark("Business account"),
        mark("You opened the private messages of this account."),
        mark("Send a message"),
    ),
    "email": Look(
        "mail",
        mark("E-mail"),
        mark("a mailbox"),
        "help@shop.example",
        mark("Mail to help@shop.example"),
        mark("What would you like to write?"),
    ),
    "webhook": Look(
        "app",
        mark("Your own app"),
        mark("through the webhook"),
        mark("Help and service"),
        mark("A shop's own app, joined by the signed webhook."),
    ),
    "webchat": Look("web", mark("Website"), mark("chat widget")),
}


def demo_page(
    request: Request, phones: Mapping[str, str], shops: Mapping[str, str] = SHOPS
) -> Response:
    """Show the phones of `phones` (inbox -> channel), in that order; `shops` by language."""
    locale = visitors_locale(request, request.query_params.get("lang", ""))
    language = locale.split("_")[0]
    shop = shops.get(language) or next(iter(shops.values()))
    shown = [
        _phone(locale, inbox, LOOKS[channel], shop)
        for inbox, channel in phones.items()
        if channel in LOOKS
    ]
    page = part(locale, "demo/demo.html", {"phones": shown, "samples": SAMPLES[language]})
    return HTMLResponse(page)


def demo_policy(scope: Scope) -> Mapping[str, str] | None:
    """Let the demo's page show the chat in a frame, for `SecurityHeaders`."""
    return {"frame-src": "'self'"} if scope["path"].rstrip("/") == PATH else None


def _phone(locale: str, inbox: str, look: Look, shop: str) -> dict[str, str]:
    def words(text: str) -> str:
        return say(locale, text) if text else ""

    return {
        "inbox": inbox,
        "look": look.look,
        "shop": shop,
        "platform": words(look.platform),
        "kind": words(look.kind),
        "subtitle": words(look.subtitle),
        "opening": words(look.opening),
        "placeholder": words(look.placeholder),
    }
