import asyncio
from datetime import UTC, datetime

from channels import dates
from channels.http import call, make_client
from channels.testing import serve


async def _dated(scope, receive, send):
    headers = [(b"date", b"Sun, 06 Nov 1994 08:49:37 GMT"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def test_who_listens_hears_the_dates_of_answers_even_in_tasks():
    async with serve(_dated) as url, make_client(url) as client:
        with dates.listening() as heard:
            await asyncio.create_task(call(client, "GET", "/"))
        await call(client, "GET", "/")
    assert datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC) in heard
    assert len(heard) == 1


def test_a_senseless_date_is_not_heard():
    with dates.listening() as heard:
        for date in (None, "", "yesterday", "Sun, 99 Nov 1994 08:49:37 GMT"):
            dates.hear(date)
    assert heard == []
