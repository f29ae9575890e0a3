"""What every channel does with what goes out."""
# ruff: noqa: D102, S101 - these are tests

from __future__ import annotations

import pytest

from channels.base import (
    ChannelAdapter,
    Passive,
)
from channels.message import (
    Card,
    Choice,
    Choices,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
)
from channels.simulation import Simulator
from channels.testing.bench import DANGEROUS, EMOJI, UNHEARD, VISIBLE, Bench, legible, squeezed
from channels.text import CLUSTER, length, pick, plain, stand_in


class Outgoing(Bench):
    """Words arrive whole; what cannot be sent is named."""

    @pytest.fixture(params=["short", "dangerous", "at the limit", "one over", "over", "ten times"])
    def said(self, request: pytest.FixtureRequest) -> str:
        """Return the name of a kind of text; `test_a_text_arrives_whole` makes it."""
        return str(request.param)

    async def test_a_text_arrives_whole(
        self, adapter: ChannelAdapter, simulator: Simulator, said: str
    ) -> None:
        if not self.outgoing_visible:
            return
        limit, unit = adapter.capabilities.text_limit, adapter.capabilities.text_limit_unit
        fits = limit // length(EMOJI, unit)
        text = {
            "short": "您好 hello",
            "dangerous": DANGEROUS,
            "at the limit": EMOJI * fits + "x" * (limit - fits * length(EMOJI, unit)),
            "one over": "x" * (limit + 1),
            "over": EMOJI * fits + "x" * limit,
            "ten times": EMOJI * fits * 10,
        }[said]
        seen = await self.send(adapter, simulator, Text(text=text))
        assert squeezed("".join(one.text for one in seen)) == squeezed(text)
        assert all(length(one.text, unit) <= limit for one in seen)
        read = [each for one in seen for each in CLUSTER.findall(one.text)]
        assert [each for each in read if each.strip()] == CLUSTER.findall(squeezed(text))

    async def test_control_characters_harm_no_text(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.outgoing_visible:
            return
        seen = await self.send(adapter, simulator, Text(text=UNHEARD))
        assert legible("".join(one.text for one in seen)) == legible(UNHEARD)

    @pytest.mark.parametrize("visible", VISIBLE)
    async def test_a_visible_character_at_the_cut_stays_whole(
        self, adapter: ChannelAdapter, simulator: Simulator, visible: str
    ) -> None:
        if not self.outgoing_visible:
            return
        limit, unit = adapter.capabilities.text_limit, adapter.capabilities.text_limit_unit
        size = length(visible, unit)
        for rest in {0, 1, size // 2, size - 1}:
            text = "x" * (limit - rest) + visible * 3 + "y"
            seen = await self.send(adapter, simulator, Text(text=text), delivery_id=f"d-{rest}")
            assert "".join(one.text for one in seen) == text
            read = [each for one in seen for each in CLUSTER.findall(one.text)]
            assert read == CLUSTER.findall(text)

    async def test_four_thousand_emoji_arrive_whole(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.outgoing_visible:
            return
        text = "👍🏽" * 2048 + "🙂" * 2048
        seen = await self.send(adapter, simulator, Text(text=text))
        assert "".join(one.text for one in seen) == text
        assert all(CLUSTER.findall(one.text)[0] in ("👍🏽", "🙂") for one in seen)

    async def test_choices_can_be_answered(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.outgoing_visible:
            return
        most = adapter.capabilities.max_choices
        for count in {2, max(most, 2), most + 1} - {1}:
            options = tuple(Choice(value=f"v:{n}", label=f"选项 {n} <&>") for n in range(count))
            choices = Choices(prompt="哪一个 which?", options=options)
            seen = await self.send(adapter, simulator, choices, delivery_id=f"d-{count}")
            shown = "\n".join(one.text for one in seen)
            assert "哪一个 which?" in shown
            tappable = [one for one in seen if one.options]
            assert bool(tappable) == (count <= most)
            if tappable:
                push = simulator.tap(tappable[-1], 1)
                labels = tuple(label for _, label in tappable[-1].options)
                assert labels == tuple(option.label for option in options)
            else:
                assert all(f"{n}. {o.label}" in shown for n, o in enumerate(options, 1))
                push = simulator.say(self.contacts[0], "2")
            (answer,) = (await self.heard(adapter, push)).parts
            if isinstance(answer, Selection):
                assert answer.value == "v:1"
            else:
                assert isinstance(answer, Text)
                assert pick(answer.text, options) == options[1]

    async def test_a_question_and_its_labels_arrive_whole(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.outgoing_visible:
            return
        limit, unit = adapter.capabilities.text_limit, adapter.capabilities.text_limit_unit
        longer = EMOJI * (limit // length(EMOJI, unit) + 1)
        asked = ((DANGEROUS, DANGEROUS), (longer, "甲"), ("?", EMOJI * 12), (longer, EMOJI * 12))
        for number, (prompt, label) in enumerate(asked):
            options = tuple(Choice(value=f"v:{n}", label=f"{label}{n}") for n in range(2))
            choices = Choices(prompt=prompt, options=options)
            seen = await self.send(adapter, simulator, choices, delivery_id=f"d-{number}")
            shown = [one.text + "".join(label for _, label in one.options) for one in seen]
            for words in (prompt, *(option.label for option in options)):
                assert squeezed(words) in squeezed("".join(shown))

    async def test_what_cannot_be_sent_is_named(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        parts: tuple[Part, ...] = (
            Media(kind="image", ref="r"),
            Media(kind="file", ref="r", name="a.pdf"),
            Location(latitude=31.2, longitude=121.5, label="店"),
            Unsupported(platform_kind="hologram"),
            Media(kind="file", ref="r", name=DANGEROUS),
            Location(latitude=31.2, longitude=121.5, label=DANGEROUS),
            Unsupported(platform_kind=DANGEROUS),
        )
        for number, part in enumerate(parts):
            if self.outgoing_visible and part.kind not in adapter.capabilities.sends:
                parcel = (Text(text="请看"), part)
                seen = await self.send(adapter, simulator, *parcel, delivery_id=f"d-{number}")
                shown = squeezed("".join(one.text for one in seen))
                assert shown == squeezed("请看" + stand_in(part))

    async def test_a_card_arrives_as_one_or_as_its_words(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.outgoing_visible:
            return
        more = {"description": "三步 & <done>", "picture": "https://shop.example/a.jpg"}
        card = Card(title="退货 ]]> returns", url="https://shop.example/r?a=1&b=2", **more)
        for number, parts in enumerate(((card,), (Text(text="请看"), card, Text(text="好")))):
            seen = await self.send(adapter, simulator, *parts, delivery_id=f"d-{number}")
            shown = squeezed("".join(one.text for one in seen))
            assert shown == squeezed(plain(parts))
            cards = [each for one in seen for each in one.cards]
            alone = not (isinstance(adapter, Passive) and adapter.passive) or len(parts) == 1
            assert bool(cards) == ("card" in adapter.capabilities.sends and alone)
            assert all(each == card for each in cards)

    async def test_a_second_attempt_is_recognised(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if self.outgoing_visible and adapter.capabilities.idempotent_send:
            assert await self.send(adapter, simulator, Text(text="once"))
            assert not await self.send(adapter, simulator, Text(text="once"))

    async def test_what_is_read_where_it_is_stored_goes_to_no_platform(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if adapter.capabilities.stored_is_sent:
            assert not self.outgoing_visible
            assert await self.send(adapter, simulator, Text(text="stored")) == []
