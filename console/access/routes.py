"""Every route in, what somebody must be allowed to do to ask it out: one table, and what is not in it is refused."""

import re
from collections.abc import Mapping
from typing import Final

from starlette.routing import compile_path

from console.access.roles import Act

OPEN: Final = "anybody"
"""Asked before anybody signs in: links that open by themselves, the sign-in, what a page is drawn with."""

SIGNED_IN: Final = "whoever has signed in"

Need = Act | str

_API: Final = "/api/v1"

ROUTES: Final[Mapping[tuple[str, str], Need]] = {
    # What a page is drawn with, and what opens by itself
    ("GET", "/healthz"): OPEN,
    ("GET", "/sw.js"): OPEN,
    ("GET", "/manifest.webmanifest"): OPEN,
    ("GET", "/take/{token}"): OPEN,
    ("POST", "/take/{token}"): OPEN,
    ("GET", "/static/{path:path}"): OPEN,
    ("GET", f"{_API}/openapi.json"): SIGNED_IN,
    # What every page of staff asks while it stands open
    ("GET", "/strips"): SIGNED_IN,
    # The way in
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("GET", "/sign-in/alerts"): OPEN,
    ("POST", "/sign-out"): OPEN,
    ("GET", "/welcome/{token}"): OPEN,
    ("POST", "/welcome/{token}"): OPEN,
    ("GET", "/tablet/{token}"): OPEN,
    ("POST", "/tablet/{token}"): OPEN,
    ("GET", "/tablet"): Act.TABLETS,
    ("POST", "/tablet"): Act.TABLETS,
    ("GET", "/me"): SIGNED_IN,
    ("GET", "/me/password"): SIGNED_IN,
    ("POST", "/me/password"): SIGNED_IN,
    ("GET", "/me/factor"): SIGNED_IN,
    ("POST", "/me/factor"): SIGNED_IN,
    ("GET", "/me/factor/confirm"): SIGNED_IN,
    ("POST", "/me/factor/confirm"): SIGNED_IN,
    ("POST", "/me/sessions/end"): SIGNED_IN,
    ("POST", "/me/sessions/{session}/end"): SIGNED_IN,
    # The board
    ("GET", "/"): Act.BOARD,
    ("GET", "/events"): Act.BOARD,
    ("GET", "/outside"): Act.BOARD,
    ("POST", "/alerts/{alert_id}/acknowledge"): Act.TAKE,
    ("GET", "/alerts/{alert_id}/outcome"): Act.TELL,
    ("POST", "/alerts/{alert_id}/outcome"): Act.TELL,
    ("GET", "/outcome"): Act.TELL,
    ("GET", "/wearers/{wearer}/outcome"): Act.TELL,
    ("POST", "/wearers/{wearer}/outcome"): Act.TELL,
    ("GET", "/shift"): Act.SHIFT,
    ("POST", "/shift/{act}"): Act.SHIFT,
    # Days, and alerts on a screen of their own
    ("GET", "/alerts/{alert_id}"): Act.BOARD,
    ("POST", "/alerts/{alert_id}/snooze"): Act.TAKE,
    ("GET", "/people/{wearer}"): Act.DAY,
    ("POST", "/people/{wearer}/notes"): Act.TELL,
    ("POST", "/people/{wearer}/notes/{note}"): Act.TELL,
    ("GET", "/people/{wearer}/summary"): Act.SHARE,
    ("POST", "/people/{wearer}/summary"): Act.SHARE,
    ("GET", "/who"): Act.BOARD,
    # Bands
    ("GET", "/bands"): Act.BANDS,
    ("GET", "/bands.json"): Act.BANDS,
    ("GET", "/gateways"): Act.BANDS,
    ("GET", "/support"): Act.PAIR,
    ("GET", "/bands/{band}"): Act.BANDS,
    ("GET", "/bands/{band}/now"): Act.BANDS,
    ("GET", "/bands/{band}/label.svg"): Act.BANDS,
    ("POST", "/bands/{band}/identify"): Act.PAIR,
    ("POST", "/bands/right"): Act.PAIR,
    ("GET", "/bands/{band}/unpair"): Act.PAIR,
    ("POST", "/bands/{band}/unpair"): Act.PAIR,
    ("GET", "/bands/{band}/correct"): Act.PAIR,
    ("POST", "/bands/{band}/correct"): Act.PAIR,
    ("GET", "/bands/{band}/swap"): Act.PAIR,
    ("GET", "/bands/{band}/swap/now"): Act.PAIR,
    ("POST", "/bands/{band}/swap"): Act.PAIR,
    ("GET", "/pair"): Act.PAIR,
    ("GET", "/pair/now"): Act.PAIR,
    ("POST", "/pair"): Act.PAIR,
    ("GET", "/pair/{pairing}"): Act.PAIR,
    ("GET", "/pair/{pairing}/now"): Act.PAIR,
    ("POST", "/pair/{pairing}/shake"): Act.PAIR,
    ("POST", "/pair/{pairing}/who"): Act.PAIR,
    ("POST", "/pair/{pairing}/identify"): Act.PAIR,
    ("POST", "/pair/{pairing}/{said}"): Act.PAIR,
    # Research
    ("GET", "/research"): Act.RECORDINGS,
    ("GET", "/research/recordings/{wearer}/{recording}"): Act.RECORDINGS,
    ("POST", "/research/recordings/{wearer}/{recording}/labels"): Act.LABEL,
    ("GET", "/research/recordings/{wearer}/{recording}/labels/{label}"): Act.RECORDINGS,
    ("POST", "/research/recordings/{wearer}/{recording}/labels/{label}"): Act.LABEL,
    ("GET", "/research/recordings/{wearer}/{recording}/agreement"): Act.RECORDINGS,
    ("GET", "/research/exports"): Act.EXPORT,
    ("POST", "/research/exports"): Act.EXPORT,
    ("GET", "/research/exports/{export}/file"): Act.EXPORT,
    ("POST", "/research/exports/{export}/delete"): Act.EXPORT,
    ("GET", "/research/models"): Act.MODELS,
    ("GET", "/research/models/{model}"): Act.MODELS,
    ("GET", "/research/experiments/{experiment}"): Act.MODELS,
    ("GET", "/research/experiments/{experiment}/report"): Act.MODELS,
    ("GET", "/research/budgets"): Act.MODELS,
    ("GET", "/research/budgets/{wearer}"): Act.MODELS,
    ("POST", "/research/budgets/{wearer}"): Act.MODELS,
    # Administration
    ("GET", "/admin"): Act.HOUSE,
    ("GET", "/admin/people"): Act.HOUSE,
    ("GET", "/admin/people/new"): Act.HOUSE,
    ("POST", "/admin/people/new"): Act.HOUSE,
    ("GET", "/admin/people/{wearer}"): Act.HOUSE,
    ("GET", "/admin/people/{wearer}/erase"): Act.ERASE,
    ("POST", "/admin/people/{wearer}/erase"): Act.ERASE,
    ("GET", "/admin/people/{wearer}/{act}"): Act.HOUSE,
    ("POST", "/admin/people/{wearer}/{act}"): Act.HOUSE,
    ("GET", "/admin/consents"): Act.HOUSE,
    ("GET", "/admin/accounts"): Act.ACCOUNTS,
    ("GET", "/admin/accounts/new"): Act.ACCOUNTS,
    ("POST", "/admin/accounts/new"): Act.ACCOUNTS,
    ("GET", "/admin/accounts/{account}"): Act.ACCOUNTS,
    ("GET", "/admin/accounts/{account}/{act}"): Act.ACCOUNTS,
    ("POST", "/admin/accounts/{account}/{act}"): Act.ACCOUNTS,
    ("GET", "/admin/tablets"): Act.TABLETS,
    ("GET", "/admin/tablets/new"): Act.TABLETS,
    ("POST", "/admin/tablets/new"): Act.TABLETS,
    ("GET", "/admin/tablets/{tablet_id}/end"): Act.TABLETS,
    ("POST", "/admin/tablets/{tablet_id}/end"): Act.TABLETS,
    ("GET", "/admin/tokens"): Act.ACCOUNTS,
    ("GET", "/admin/tokens/new"): Act.ACCOUNTS,
    ("POST", "/admin/tokens/new"): Act.ACCOUNTS,
    ("GET", "/admin/tokens/{token_id}/end"): Act.ACCOUNTS,
    ("POST", "/admin/tokens/{token_id}/end"): Act.ACCOUNTS,
    ("GET", "/admin/gateways"): Act.GATEWAYS,
    ("GET", "/admin/gateways/new"): Act.GATEWAYS,
    ("POST", "/admin/gateways/new"): Act.GATEWAYS,
    ("GET", "/admin/gateways/{gateway}/{act}"): Act.GATEWAYS,
    ("POST", "/admin/gateways/{gateway}/{act}"): Act.GATEWAYS,
    ("GET", "/admin/sites"): Act.HOUSE,
    ("GET", "/admin/sites/new"): Act.HOUSE,
    ("POST", "/admin/sites/new"): Act.HOUSE,
    ("GET", "/admin/sites/{site}"): Act.HOUSE,
    ("POST", "/admin/sites/{site}"): Act.HOUSE,
    ("GET", "/admin/chain"): Act.HOUSE,
    ("POST", "/admin/chain"): Act.HOUSE,
    ("GET", "/admin/chain/history"): Act.HOUSE,
    ("GET", "/admin/chain/back/{number}"): Act.HOUSE,
    ("POST", "/admin/chain/back/{number}"): Act.HOUSE,
    ("GET", "/admin/chain/text"): Act.HOUSE,
    ("POST", "/admin/chain/text"): Act.HOUSE,
    ("GET", "/admin/channels"): Act.HOUSE,
    ("POST", "/admin/channels/test"): Act.HOUSE,
    ("GET", "/admin/audit"): Act.AUDIT,
    ("POST", "/admin/audit"): Act.AUDIT,
    ("GET", "/admin/audit/witness"): Act.AUDIT,
    ("POST", "/admin/audit/witness"): Act.AUDIT,
    ("GET", "/admin/receipts"): Act.ERASE,
    ("GET", "/admin/receipts/{name}"): Act.ERASE,
    # Counts
    ("GET", "/metrics"): Act.COUNTS,
    # What tablets and programs ask
    ("POST", f"{_API}/tablets"): Act.BOARD,
    ("POST", f"{_API}/tablets/{{tablet}}/beat"): Act.BOARD,
    ("POST", f"{_API}/tablets/{{tablet}}/receipts"): Act.BOARD,
    ("POST", f"{_API}/tablets/{{tablet}}/mute"): Act.SHIFT,
    ("POST", f"{_API}/tablets/{{tablet}}/unmute"): Act.BOARD,
    ("POST", f"{_API}/alerts/{{alert_id}}/acknowledge"): Act.TAKE,
    ("POST", f"{_API}/alerts/{{alert_id}}/outcome"): Act.TELL,
    ("POST", f"{_API}/matters/{{matter_id}}/take"): Act.TAKE,
    ("POST", f"{_API}/matters/{{matter_id}}/snooze"): Act.TAKE,
    ("GET", f"{_API}/matters"): Act.BOARD,
    ("GET", f"{_API}/matters/{{matter_id}}"): Act.BOARD,
    ("GET", f"{_API}/cover"): Act.BOARD,
    ("GET", f"{_API}/shifts"): Act.BOARD,
    ("POST", f"{_API}/shifts"): Act.SHIFT,
    ("POST", f"{_API}/shifts/{{shift_id}}/offer"): Act.SHIFT,
    ("POST", f"{_API}/shifts/{{shift_id}}/take"): Act.SHIFT,
    ("POST", f"{_API}/shifts/{{shift_id}}/end"): Act.SHIFT,
    ("GET", f"{_API}/shifts/{{shift_id}}/summary"): Act.SHIFT,
    ("GET", f"{_API}/push/key"): Act.BOARD,
    ("POST", f"{_API}/push/subscriptions"): Act.BOARD,
    ("DELETE", f"{_API}/push/subscriptions"): Act.BOARD,
    ("POST", f"{_API}/wearers/{{wearer}}/outcomes"): Act.TELL,
    ("POST", f"{_API}/outcomes/{{outcome_id}}/correct"): Act.TELL,
    ("GET", f"{_API}/wearers/{{wearer}}/outcomes"): Act.DAY,
    ("GET", f"{_API}/wearers/{{wearer}}/plan"): Act.BOARD,
    ("PUT", f"{_API}/wearers/{{wearer}}/plan"): Act.PLAN,
}
"""By method and path, as the route has it. The site is that of the wearer, band, gateway, alert or matter in the path,
else this house's."""


ANYWHERE: Final = frozenset(
    {
        ("GET", "/tablet"),
        ("POST", "/tablet"),
        ("GET", "/"),
        ("GET", "/events"),
        ("GET", "/outside"),
        ("GET", "/outcome"),
        ("GET", "/shift"),
        ("POST", "/shift/{act}"),
        ("GET", "/bands"),
        ("GET", "/bands.json"),
        ("GET", "/gateways"),
        ("GET", "/support"),
        ("POST", f"{_API}/tablets"),
        ("POST", f"{_API}/tablets/{{tablet}}/beat"),
        ("POST", f"{_API}/tablets/{{tablet}}/receipts"),
        ("POST", f"{_API}/tablets/{{tablet}}/mute"),
        ("POST", f"{_API}/tablets/{{tablet}}/unmute"),
        ("GET", f"{_API}/matters"),
        ("GET", f"{_API}/cover"),
        ("GET", f"{_API}/shifts"),
        ("POST", f"{_API}/shifts"),
        ("GET", f"{_API}/push/key"),
        ("POST", f"{_API}/push/subscriptions"),
        ("DELETE", f"{_API}/push/subscriptions"),
    }
)
"""Rows that name nobody and no place, and show or change only what is of the asker's own sites, wherever those are."""


def need_of(method: str, path: str) -> tuple[Need | None, Mapping[str, str]]:
    """Return what asking ``path`` takes, and what stands in the path's places; None: it is in no row of the table."""
    for of, _, pattern, need in _PATTERNS:
        found = pattern.match(path) if of == _asked(method) else None
        if found:
            return need, found.groupdict()
    return None, {}


def row_of(method: str, path: str) -> tuple[str, str] | None:
    """Return the row of the table that says what asking ``path`` takes, None where there is none."""
    asked = _asked(method)
    return next(((of, row) for of, row, pattern, _ in _PATTERNS if of == asked and pattern.match(path)), None)


def methods_of(path: str) -> tuple[str, ...]:
    """Return the methods by which ``path`` may be asked."""
    return tuple(sorted({of for of, _, pattern, _ in _PATTERNS if pattern.match(path)}))


def _asked(method: str) -> str:
    return "GET" if method == "HEAD" else method


def _patterns() -> list[tuple[str, str, re.Pattern[str], Need]]:
    """Return the table as patterns, paths without places first, as routers must have them too."""
    rows = sorted(ROUTES.items(), key=lambda row: row[0][1].count("{"))
    return [(method, path, compile_path(path)[0], need) for (method, path), need in rows]


_PATTERNS: Final = _patterns()
