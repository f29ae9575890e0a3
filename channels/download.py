"""Files from elsewhere, as streams: from a platform's own API, or from an address it named.

An address that somebody else named is looked up once, may only be a public one, and is what we
connect to: nobody makes us read from our own network. How much is read, and for how long, is up
to who reads.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.message import Message

import httpx

from channels.errors import Gone, Refused, Unavailable
from channels.files import Download
from channels.http import make_client, refuse

PORTS = {"http": 80, "https": 443}
MOST_REDIRECTS = 3
LONGEST_URL = 4096
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # a cloud's own services behind a public address
        "192.88.99.0/24",  # relays that lead elsewhere
        "64:ff9b::/96",  # IPv4 in other clothes, here and below
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
    )
)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host."""


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        Unavailable: nobody knows it now.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable("the file's host is not known") from None
    return [str(address[0]) for *_, address in found]


def is_public(address: str) -> bool:
    """Say whether an address is one of the internet's, and no way back into a network of ours."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if any(found in network for network in NEVER if network.version == found.version):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_private or found.is_reserved or found.is_unspecified
    )


@asynccontextmanager
async def download(
    client: httpx.AsyncClient,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Download]:
    """Open a file of a platform's API, at the root that the inbox's settings name.

    Raises:
        Gone: it is not there (404, 410).
        Refused: it is not given.
        Retryable: not now.
        Unauthorized: 401.
    """
    request = client.build_request("GET", url, params=params, headers=headers)
    async with _asked(client, request) as answer:
        yield _given(answer)


@asynccontextmanager
async def download_from(
    url: str,
    *,
    trusted: str | None = None,
    headers: Mapping[str, str] | None = None,
    redirects: int = MOST_REDIRECTS,
    resolve: Resolve = resolve,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Download]:
    """Open a file at an address that a platform named; each redirect is checked like the first.

    `trusted` is the root that the inbox's settings name, if they do: what lies there may lie in
    our own network. `headers` go to the first host only. Where `redirects` is 0, a redirect is an
    answer like any other, and means `Unavailable`.

    Raises:
        Refused: the address is not one of the public internet, or leads nowhere.
        ChannelError: as `download`.
    """
    async with make_client(transport=transport) as client:
        there, first = _parsed(url), _parsed(url)
        for _ in range(redirects + 1):
            own = headers if _origin(there) == _origin(first) else None
            request = await _checked(client, there, own, trusted, resolve)
            async with _asked(client, request) as answer:
                if not (answer.is_redirect and redirects):
                    yield _given(answer)
                    return
                there = _parsed(str(there.join(answer.headers.get("location", ""))))
        raise Refused("the file's address leads from one to the next")


def _parsed(url: str) -> httpx.URL:
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise Refused("the file's address is none") from None
    if len(url) > LONGEST_URL or found.scheme not in PORTS or not found.host or found.userinfo:
        raise Refused("the file's address is not one of the web")
    return found


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or PORTS.get(url.scheme, 0)


async def _checked(
    client: httpx.AsyncClient,
    url: httpx.URL,
    headers: Mapping[str, str] | None,
    trusted: str | None,
    resolve: Resolve,
) -> httpx.Request:
    """Return the request that goes to an address which was looked at, whatever the name says later.

    Raises:
        Refused: it is not a public one.
    """
    if trusted and _origin(httpx.URL(trusted)) == _origin(url):
        return client.build_request("GET", url, headers=headers)
    _, host, port = _origin(url)
    if port != PORTS[url.scheme]:
        raise Refused("the file's address has an unusual port")
    addresses = await resolve(host, port)
    if not addresses or not all(is_public(address) for address in addresses):
        raise Refused("the file's address is not one of the public internet")
    return client.build_request(
        "GET",
        url.copy_with(host=addresses[0]),
        headers={**(headers or {}), "host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": host},
    )


@asynccontextmanager
async def _asked(
    client: httpx.AsyncClient, request: httpx.Request
) -> AsyncIterator[httpx.Response]:
    try:
        answer = await client.send(request, stream=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"the file was not reached: {type(error).__name__}") from None
    try:
        yield answer
    finally:
        await answer.aclose()


def _given(answer: httpx.Response) -> Download:
    if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        raise Gone
    refuse(answer.status_code, answer.headers)
    if answer.status_code != httpx.codes.OK:
        raise Refused(f"the file was not given: HTTP {answer.status_code}")
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise Refused("the file comes packed, though we asked for it as it is")
    declared = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Download(_chunks(answer), _name(answer), declared or None)


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise Unavailable(f"the file broke off: {type(error).__name__}") from None


def _name(answer: httpx.Response) -> str | None:
    told = Message()
    told["content-disposition"] = answer.headers.get("content-disposition", "")
    try:
        return told.get_filename()
    except (AttributeError, LookupError, TypeError, ValueError):
        return None
