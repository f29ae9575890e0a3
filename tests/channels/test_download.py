"""Files are read from platforms and from the public internet, never from our own network."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from channels.download import download, download_from, is_public, resolve
from channels.errors import Gone, RateLimited, Refused, Unauthorized, Unavailable
from channels.http import make_client
from channels.testing import closed_url, serve

PUBLIC = "93.184.216.34"


class Internet(httpx.AsyncBaseTransport):
    """Answers by host name, and keeps where it was really asked."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.asked = []

    async def handle_async_request(self, request):
        self.asked.append(request)
        answer = self.answers[request.headers["host"]]
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
        )


def at(*addresses):
    async def known(host, port):
        return list(addresses)

    return known


async def whole(opening):
    async with opening as found:
        return b"".join([chunk async for chunk in found.chunks]), found


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255"),
        *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1", "fe80::1%eth0", "localhost", ""),
    ],
)
def test_an_address_of_a_network_of_ours_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:2800:220:1::1", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


async def test_a_file_is_read_from_the_address_that_was_checked():
    internet = Internet(files_example=httpx.Response(200, content=b"photo"))
    opening = download_from("https://files.example/a?b=c", resolve=at(PUBLIC), transport=internet)
    assert (await whole(opening))[0] == b"photo"
    (request,) = internet.asked
    assert (request.url.host, request.url.raw_path) == (PUBLIC, b"/a?b=c")
    assert request.headers["host"] == "files.example"
    assert request.extensions["sni_hostname"] == "files.example"


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("::1",), (PUBLIC, "10.0.0.1"), ("::ffff:10.0.0.1",), ()]
)
async def test_a_name_that_leads_into_our_network_is_refused(addresses):
    internet = Internet()
    with pytest.raises(Refused):
        await whole(
            download_from("https://files.example/", resolve=at(*addresses), transport=internet)
        )
    assert internet.asked == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://0x7f.1/"),
        *("http://localhost/", "http://127.0.0.1:8080/", "https://1.1.1.1:22/"),
        *("ftp://1.1.1.1/", "file:///etc/passwd", "gopher://1.1.1.1/", "//1.1.1.1/", "nonsense"),
        *(
            "https://user:secret@1.1.1.1/",
            "https://",
            "",
            "https://1.1.1.1/" + "a" * 9999,
        ),
    ],
)
async def test_an_address_that_is_no_public_file_is_refused(url):
    with pytest.raises(Refused):
        await whole(download_from(url, transport=Internet()))


async def test_each_redirect_is_checked():
    internet = Internet(
        first_example=httpx.Response(302, headers={"location": "http://inner.example/meta"}),
        inner_example=httpx.Response(200, content=b"secrets"),
    )

    async def known(host, port):
        return ["169.254.169.254" if host == "inner.example" else PUBLIC]

    with pytest.raises(Refused):
        await whole(download_from("https://first.example/", resolve=known, transport=internet))
    assert [request.headers["host"] for request in internet.asked] == ["first.example"]


async def test_a_redirect_is_followed_without_the_headers_of_the_first_host():
    internet = Internet(
        first_example=httpx.Response(302, headers={"location": "https://cdn.example/b"}),
        cdn_example=httpx.Response(200, content=b"photo"),
    )
    opening = download_from(
        "https://first.example/a",
        headers={"authorization": "Bearer secret"},
        resolve=at(PUBLIC),
        transport=internet,
    )
    assert (await whole(opening))[0] == b"photo"
    assert ["authorization" in request.headers for request in internet.asked] == [True, False]


async def test_redirects_end():
    again = httpx.Response(302, headers={"location": "https://first.example/"})
    internet = Internet(first_example=again)
    with pytest.raises(Refused):
        await whole(download_from("https://first.example/", resolve=at(PUBLIC), transport=internet))
    assert len(internet.asked) == 4


async def test_what_lies_at_the_inboxs_own_root_is_trusted_and_nothing_else():
    app = Starlette(
        routes=[
            Route("/file", lambda _: Response(b"photo")),
            Route("/away", lambda _: RedirectResponse("http://127.0.0.1:1/")),
        ]
    )
    async with serve(app) as url:
        assert (await whole(download_from(f"{url}/file", trusted=url)))[0] == b"photo"
        for there in (f"{url}/away", url.replace("127.0.0.1", "localhost") + "/file"):
            with pytest.raises(Refused):
                await whole(download_from(there, trusted=url))


async def test_an_unknown_host_may_be_known_later():
    with pytest.raises(Unavailable):
        await resolve("no-such-host.invalid", 443)


def answering(answer):
    return make_client("https://api.example", transport=Internet(api_example=answer))


async def test_a_file_of_the_api_comes_with_what_is_claimed_of_it():
    headers = {
        "content-type": "Image/PNG; charset=x",
        "content-disposition": "attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.png",
    }
    async with answering(httpx.Response(200, headers=headers, content=b"p")) as client:
        content, found = await whole(download(client, "/file"))
    assert (content, found.name, found.type) == (b"p", "发票.png", "image/png")


@pytest.mark.parametrize("name", ["filename*=; filename*0*=x", "filename*=no-charset''%ff"])
async def test_a_name_that_makes_no_sense_costs_nobody_the_file(name):
    headers = {"content-disposition": f"attachment; {name}"}
    async with answering(httpx.Response(200, headers=headers, content=b"p")) as client:
        assert (await whole(download(client, "/file")))[0] == b"p"


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        (httpx.Response(404), Gone),
        (httpx.Response(410), Gone),
        (httpx.Response(403), Refused),
        (httpx.Response(204), Refused),
        (httpx.Response(401), Unauthorized),
        (httpx.Response(429, headers={"retry-after": "3"}), RateLimited),
        (httpx.Response(500), Unavailable),
        (httpx.Response(302, headers={"location": "http://127.0.0.1/"}), Unavailable),
        (httpx.Response(200, headers={"content-encoding": "gzip"}, content=b""), Refused),
    ],
)
async def test_an_answer_that_is_no_file_says_whether_it_ever_will_be(answer, meant):
    async with answering(answer) as client:
        with pytest.raises(Refused if meant is Refused else meant) as failed:
            await whole(download(client, "/file"))
    assert type(failed.value) is meant


async def test_a_file_that_breaks_off_may_be_had_later():
    app = Starlette(
        routes=[Route("/file", lambda _: Response(b"half", headers={"content-length": "400"}))]
    )
    async with serve(app) as url, make_client(url) as client:
        with pytest.raises(Unavailable):
            await whole(download(client, "/file"))


async def test_a_platform_that_does_not_listen_may_later():
    async with make_client(closed_url()) as client:
        with pytest.raises(Unavailable):
            await whole(download(client, "/file"))
