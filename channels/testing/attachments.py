"""What every channel does that carries files, and what its capabilities say about them."""
# ruff: noqa: D102, S101 - these are tests

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from channels.base import ChannelAdapter
from channels.errors import (
    ChannelError,
    Gone,
    RateLimited,
    Refused,
    Retryable,
    TooLong,
    Unavailable,
)
from channels.files import KINDS, Kind, MediaSource, SendsMedia, Takes
from channels.filetypes import type_of
from channels.message import Media, Text
from channels.simulation import Fault, Seen, SeenFile, Simulator
from channels.testing.bench import Bench, squeezed
from channels.testing.fakes import HeldFiles
from channels.testing.samples import OF_A_KIND, SAMPLES
from channels.testing.server import HANG_UP

FAULTS: tuple[tuple[Fault, type[ChannelError]], ...] = (
    (Fault(HANG_UP), Unavailable),
    (Fault(500), Unavailable),
    (Fault(503, b"<html>busy"), Unavailable),
    (Fault(302, headers={"location": "http://127.0.0.1/"}), Unavailable),
    (Fault(429, headers={"retry-after": "7"}), RateLimited),
)
"""What a platform may answer to who asks for a file, and what that means."""


async def read(source: MediaSource, ref: str) -> bytes:
    """Fetch a file whole."""
    async with source.fetch(ref) as download:
        return b"".join([chunk async for chunk in download.chunks])


def received(adapter: ChannelAdapter) -> list[Kind]:
    """Return the kinds of files that customers of this channel can send."""
    return [kind for kind in KINDS if kind in adapter.capabilities.receives]


class Attachments(Bench):
    """Files arrive as they were, both ways; what cannot be had says whether it ever can."""

    def sent(self, adapter: ChannelAdapter) -> Mapping[Kind, Takes]:
        """Return which files can be seen to be sent."""
        return adapter.capabilities.files if self.outgoing_visible else {}

    async def sent_to_us(
        self, adapter: ChannelAdapter, simulator: Simulator, kind: Kind, content: bytes
    ) -> Media:
        """Return the part of a file that a customer sent."""
        push = simulator.attach(self.contacts[0], kind, content, f"样本 {kind}.bin")
        (part,) = [p for p in (await self.heard(adapter, push)).parts if isinstance(p, Media)]
        assert part.kind == kind
        return part

    def test_what_is_claimed_of_files_fits_together(self, adapter: ChannelAdapter) -> None:
        able = adapter.capabilities
        assert set(able.files) == able.sends & set(KINDS)
        assert isinstance(adapter, SendsMedia) or not (able.files and self.outgoing_visible)

    async def test_a_customers_file_is_fetched_as_it_was_sent(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not isinstance(adapter, MediaSource):
            return
        for kind in received(adapter):
            content = SAMPLES[OF_A_KIND[kind][0]]
            part = await self.sent_to_us(adapter, simulator, kind, content)
            assert await read(adapter, part.ref) == content

    async def test_a_file_that_the_platform_has_no_more_is_gone(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not isinstance(adapter, MediaSource):
            return
        for kind in received(adapter):
            content = SAMPLES[OF_A_KIND[kind][0]]
            part = await self.sent_to_us(adapter, simulator, kind, content)
            simulator.forget_files()
            with pytest.raises(Gone):
                await read(adapter, part.ref)

    async def test_a_platform_in_trouble_may_have_the_file_later(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not isinstance(adapter, MediaSource):
            return
        kind = received(adapter)[0]
        content = SAMPLES[OF_A_KIND[kind][0]]
        part = await self.sent_to_us(adapter, simulator, kind, content)
        assert await read(adapter, part.ref) == content
        for fault, usual in FAULTS:
            led_astray = self.follows_redirects and "location" in fault.headers
            meant = Refused if led_astray else usual
            simulator.faults.append(Fault(fault.status, fault.body, fault.headers))
            with pytest.raises(ChannelError) as failed:
                await read(adapter, part.ref)
            assert type(failed.value) is meant, fault
        assert await read(adapter, part.ref) == content

    async def test_a_file_of_ours_arrives_as_it_is(
        self, adapter: ChannelAdapter, simulator: Simulator, files: HeldFiles
    ) -> None:
        for kind, takes in self.sent(adapter).items():
            good = [t for t in OF_A_KIND[kind] if takes.has_room_for(t, len(SAMPLES[t]))]
            for media_type in good:
                content = SAMPLES[media_type]
                ref = files.keep(f"说明 {kind}.bin", media_type, content)
                part = Media(kind=kind, ref=ref, name=f"说明 {kind}.bin", size=len(content))
                parcel = (Text(text="请看 <附件>"), part)
                seen = await self.send(adapter, simulator, *parcel, delivery_id=f"d-{ref}")
                (shown,) = [one.file for one in seen if one.file]
                assert isinstance(shown, SeenFile)
                assert (shown.kind, shown.content) == (kind, content)
                words = "".join(one.text for one in seen)
                assert squeezed(words).replace(part.name or "", "") == squeezed("请看 <附件>")
            assert good

    async def test_a_file_of_ours_that_meets_a_trouble_arrives_with_the_next_try(
        self, adapter: ChannelAdapter, simulator: Simulator, files: HeldFiles
    ) -> None:
        passing = [each for each in self.faults() if issubclass(each[1], Retryable)]
        for kind, takes in list(self.sent(adapter).items())[:1]:
            good = next(t for t in OF_A_KIND[kind] if takes.has_room_for(t, len(SAMPLES[t])))
            for number, (fault, meant) in enumerate(passing):
                content = SAMPLES[good] + bytes([number])
                ref = files.keep("x.bin", good, content)
                simulator.faults.append(replace(fault))
                with pytest.raises(meant):
                    await self.send(adapter, simulator, Media(kind=kind, ref=ref))
                assert not [one for one in simulator.screen if _holds(one, content)]
                again = Media(kind=kind, ref=ref)
                seen = await self.send(adapter, simulator, again, delivery_id=f"d-{number}")
                assert [one.file.content for one in seen if one.file] == [content]

    async def test_a_file_of_ours_that_is_gone_or_too_large_is_refused(
        self, adapter: ChannelAdapter, simulator: Simulator, files: HeldFiles
    ) -> None:
        for kind, takes in self.sent(adapter).items():
            with pytest.raises(Gone):
                await self.send(adapter, simulator, Media(kind=kind, ref="media:none"))
            head = SAMPLES[next(t for t in OF_A_KIND[kind] if takes.has_room_for(t, 1))]
            content = head + bytes(takes.largest + 1 - len(head))
            ref = files.keep("x.bin", type_of(head), content)
            with pytest.raises(TooLong):
                await self.send(adapter, simulator, Media(kind=kind, ref=ref))
            assert not [one.file for one in simulator.screen if one.file]


def _holds(seen: Seen, content: bytes) -> bool:
    return seen.file is not None and seen.file.content == content
