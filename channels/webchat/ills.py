"""What ails a website chat: nobody has to be asked, its settings say it all."""

from __future__ import annotations

from channels.health import Finding, fine, warn
from channels.webchat.config import Config


def sites(config: Config) -> Finding:
    """Say which sites may show the chat."""
    if not config.allowed_origins:
        return warn(
            "Any site may show this chat and talk to it",
            "list your sites in allowed_origins, such as https://shop.example.com",
        )
    return fine("Only these sites may show the chat: %(sites)s", sites=_few(config.allowed_origins))


def plain(config: Config) -> Finding:
    """Say whether a listed site is open to everybody who sits between."""
    http = [site for site in config.allowed_origins if site.startswith("http://")]
    if http:
        return warn(
            "These sites are not https: %(sites)s",
            "serve them by https, or take them out of allowed_origins",
            sites=_few(tuple(http)),
        )
    return fine("No site is let in over plain http")


def identity(config: Config) -> Finding:
    """Say whether a change of secrets is half done."""
    if config.old_identity_secret is None:
        return fine("No old identity secret is believed")
    return warn(
        "The old identity secret is still believed",
        "take old_identity_secret out of config.yaml once your site has changed over",
    )


def _few(sites: tuple[str, ...]) -> str:
    return ", ".join(sites[:5]) + (" …" if len(sites) > 5 else "")  # noqa: PLR2004 - a line's worth
