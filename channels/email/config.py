"""What an e-mail inbox is told in `config.yaml`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from channels.email.wire import Place, Security
from channels.inbox import InboxConfig

ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$"
LOCAL = re.compile(r"127(\.\d{1,3}){3}|::1|10(\.\d{1,3}){3}|192\.168(\.\d{1,3}){2}|[\w-]+")
"""Hosts that may be spoken to in plain text: this machine, a private network, a bare name."""
FOLDER = r'^[^\x00-\x1f\x7f-\uffff"\\]{1,200}$'


def _one_line(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value or not value.isprintable():
        raise ValueError("must not be empty, nor hold line ends: copy the app password again")
    return secret


def _lower(address: str) -> str:
    return address.lower()


Password = Annotated[SecretStr, AfterValidator(_one_line)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]


class Config(InboxConfig):
    """One mailbox: read by IMAP, answered by SMTP."""

    address: Annotated[str, AfterValidator(_lower)] = Field(
        pattern=ADDRESS, description="the mailbox's own address, which customers write to"
    )
    name: str | None = Field(
        default=None, max_length=100, description="whom replies come from: the firm's name"
    )
    username: str | None = Field(
        default=None, max_length=254, description="the login, where it is not the address"
    )
    password: Password = Field(
        description="the provider's app password or authorisation code (授权码), not the web's"
    )
    imap_host: Host = Field(description="where mail is read, for example imap.qq.com")
    imap_port: int = Field(default=993, ge=1, le=65535, description="993 is for tls")
    imap_security: Security = Field(
        default="tls", description="tls, starttls, or none for a server in your own network"
    )
    smtp_host: Host = Field(description="where mail is sent, for example smtp.qq.com")
    smtp_port: int = Field(default=465, ge=1, le=65535, description="465 is for tls, 587 starttls")
    smtp_security: Security = Field(
        default="tls", description="tls, starttls, or none for a relay in your own network"
    )
    smtp_login: bool = Field(default=True, description="no: a relay that asks for no password")
    smtp_username: str | None = Field(
        default=None, max_length=254, description="the login for sending, where it is another one"
    )
    smtp_password: Password | None = Field(
        default=None, description="the password for sending, where it is another one"
    )
    ca_file: Path | None = Field(
        default=None, description="the authority of a server whose certificate is your own"
    )
    folder: str = Field(
        default="INBOX", pattern=FOLDER, description="the folder to read, as IMAP names it"
    )
    idle_seconds: int = Field(
        default=600, ge=10, lt=29 * 60, description="how long to wait for mail in one IDLE"
    )
    poll_seconds: int = Field(
        default=60, ge=1, le=3600, description="how often to look where the server knows no IDLE"
    )
    largest_mail: int = Field(
        default=25, ge=1, le=100, description="MiB; of a larger mail only the beginning is read"
    )
    plus_address: bool = Field(
        default=False,
        description="replies come back to name+thread@; only if the provider delivers those",
    )
    subject_tag: bool = Field(
        default=False, description="put the thread's tag into the subject of replies"
    )
    own_lists: tuple[str, ...] = Field(
        default=(),
        description="List-Ids of your own groups through which customers' mail comes",
    )
    automatic_per_hour: int = Field(
        default=10, ge=0, le=1000, description="how many replies of the bot one sender gets an hour"
    )
    timeout: float = Field(default=20.0, gt=0, le=60, description="seconds to wait for the server")

    @model_validator(mode="after")
    def _keeps_its_password(self) -> Self:
        for name in ("imap", "smtp"):
            host, security = getattr(self, f"{name}_host"), getattr(self, f"{name}_security")
            if security == "none" and not LOCAL.fullmatch(host):
                raise ValueError(
                    f"{name}_security: none sends the password for all to read; it is only for a "
                    "server on this machine or in your own network. Use tls or starttls"
                )
        return self

    @property
    def imap(self) -> Place:
        """Where mail is read."""
        return Place(self.imap_host, self.imap_port, self.imap_security, self.timeout, self.ca_file)

    @property
    def smtp(self) -> Place:
        """Where mail is sent."""
        return Place(self.smtp_host, self.smtp_port, self.smtp_security, self.timeout, self.ca_file)

    @property
    def reader(self) -> tuple[str, str]:
        """The login for reading."""
        return self.username or self.address, self.password.get_secret_value()

    @property
    def sender(self) -> tuple[str, str] | None:
        """The login for sending, None where none is asked for."""
        if not self.smtp_login:
            return None
        user, secret = self.reader
        own = self.smtp_password
        return self.smtp_username or user, own.get_secret_value() if own else secret

    @property
    def domain(self) -> str:
        """What our Message-IDs end with."""
        return self.address.rpartition("@")[2]
