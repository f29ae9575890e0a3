from __future__ import annotations

import pytest
from pydantic import ValidationError

from channels.email.config import Config

GIVEN = {
    "channel": "email",
    "address": "Help@Shop.example",
    "password": "an-app-password",
    "imap_host": "imap.shop.example",
    "smtp_host": "smtp.shop.example",
}


def config(**changes):
    return Config(**{**GIVEN, **changes})


def test_a_usual_mailbox_needs_five_words():
    made = config()
    assert (str(made.imap), str(made.smtp)) == ("imap.shop.example:993", "smtp.shop.example:465")
    assert made.reader == made.sender == ("help@shop.example", "an-app-password")
    assert (made.imap.security, made.smtp.security) == ("tls", "tls")


def test_sending_may_have_a_login_of_its_own_or_none():
    own = config(username="reader", smtp_username="ses", smtp_password="other")
    assert (own.reader[0], own.sender) == ("reader", ("ses", "other"))
    assert config(smtp_login=False).sender is None


@pytest.mark.parametrize("name", ["imap", "smtp"])
def test_no_password_goes_over_a_public_wire_in_plain_text(name):
    with pytest.raises(ValidationError, match="for all to read"):
        config(**{f"{name}_security": "none"})
    for host in ("localhost", "127.0.0.1", "mailrelay", "10.1.2.3", "192.168.1.9"):
        config(**{f"{name}_security": "none", f"{name}_host": host})


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "help"},
        {"address": "a@b\r\nc"},
        {"address": "<a@b>"},
        {"password": ""},
        {"password": "a\r\nA1 LOGOUT"},
        {"folder": 'a"b'},
        {"folder": "a\r\nb"},
        {"idle_seconds": 29 * 60},
        {"imap_host": "a b"},
        {"imap_host": "a\r\n"},
    ],
)
def test_what_could_break_a_line_or_a_promise_is_refused(changes):
    with pytest.raises(ValidationError):
        config(**changes)


def test_the_password_does_not_show():
    made = config(smtp_password="another-secret")
    assert "an-app-password" not in repr(made) + str(made.model_dump())
    assert "another-secret" not in repr(made)
