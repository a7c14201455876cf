"""Who can be reached outside in; a test message that really goes, and what became of it, out."""

import json
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from alerts.delivery.proof import PUSH
from alerts.delivery.rules import SiteRules
from alerts.names import same
from console.access.entrance import asker_of
from console.administration.chains import in_force
from console.administration.ground import Ground, by
from console.administration.office import Tried
from console.api.here import Lane
from console.forms import form_of
from console.refusal import Refusal

TESTED: Final = "test of a channel"
"""What the audit says of a test; it says by which channel and whether it went, never to whom."""

PROVED_FOR_S: Final = 31 * 86_400.0
"""A month: telephones change, keys expire, quotas run out."""

EVERY_S: Final = 20.0
BURST: Final = 3
"""Tests by one person, and to one receiver: three at once, then one every twenty seconds. Whoever wants to annoy
somebody must be patient, and whoever sets up a house need not."""

TESTS: Final = 2
"""Tests under way at once; each may take a service's whole patience."""


@dataclass(frozen=True, slots=True)
class Reach:
    """One receiver by one channel. ``proved_s``: when a test by this channel last went [UTC s]; ``is_me``: whoever asks
    is it."""

    to: str
    channel: str
    proved_s: float | None
    failed_s: float | None
    is_me: bool


def proofs(ground: Ground) -> tuple[dict[str, float], dict[str, float]]:
    """Return when a test by each channel last went, and when one last did not [UTC s]. May block."""
    went: dict[str, float] = {}
    failed: dict[str, float] = {}
    for entry in ground.office.registry.audit_entries(action=TESTED):
        try:
            said = json.loads(entry.detail)
        except ValueError:
            continue
        (went if said.get("went") else failed)[str(said.get("channel"))] = entry.at_s
    return went, failed


def reaches(ground: Ground, request: Request, rules: SiteRules) -> list[Reach]:
    """Return everybody who can be reached outside, and by what. May block."""
    me, (went, failed) = asker_of(request).name, proofs(ground)

    def reach(to: str, channel: str) -> Reach:
        return Reach(to, channel, went.get(channel), failed.get(channel), bool(me) and same(me, to))

    found = [reach(contact.name, channel) for contact in rules.contact for channel in contact.reach]
    found += [reach(carer, PUSH) for carer in ground.office.devices()]
    return sorted(found, key=lambda each: (not each.is_me, each.to.casefold(), each.channel))


def add_channels(ground: Ground) -> None:
    """Add the page of channels, and its tests."""
    app, here, registry, lane = ground.app, ground.sheets.here, ground.office.registry, Lane(TESTS)

    async def shown(request: Request, **facts: Any) -> Response:  # noqa: ANN401
        now = await here.records.run(in_force, ground, ground.here)
        found = await here.records.run(reaches, ground, request, now.rules)
        return await ground.show(
            request, "channels.html", reaches=found, old_s=here.clock() - PROVED_FOR_S, now=now, **facts
        )

    @app.get("/admin/channels", include_in_schema=False)
    async def list_channels(request: Request) -> Response:
        return await shown(request)

    @app.post("/admin/channels/test", include_in_schema=False)
    async def send_test(request: Request) -> Response:
        form = await form_of(request)
        to, channel = form.one("to"), form.one("channel")
        now = await here.records.run(in_force, ground, ground.here)
        found = await here.records.run(reaches, ground, request, now.rules)
        if not any((each.to, each.channel) == (to, channel) for each in found):
            errors = {"": "The rules that hold reach nobody of that name by that channel. Nothing was sent."}
            return await shown(request, status=422, errors=errors)
        who = asker_of(request)
        for pace in (f"test by {who.id or who.name}", f"test to {to} by {channel}"):
            if not here.may(pace, every_s=EVERY_S, burst=BURST):
                raise Refusal(
                    429, "Please wait a little", f"A test may go every {EVERY_S:.0f} seconds. Nothing was sent."
                )
        tried = await lane.run(ground.office.try_channel, now.rules, to=to, channel=channel)
        await here.records.run(
            registry.note,
            TESTED,
            by=by(request),
            channel=channel,
            went=not tried.why,
            because=tried.why.partition(":")[0],
            seconds=round(tried.took_s, 1),
        )
        return await shown(request, tried=tried, tried_to=to, tried_by=channel, tried_words=_words(tried))


def _words(tried: Tried) -> str:
    return f"{tried.took_s:.1f} s"
