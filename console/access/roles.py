"""Roles in, what each may do out: one table, which pages, routes and documents all go by."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """Something that one may or may not do. Looking is an act, too."""

    BOARD = "see the board"
    NAMES = "know people by name"
    TAKE = "take an alert, and pause its sound"
    DAY = "look at somebody's day"
    TELL = "tell what happened, and write notes"
    SHIFT = "keep shifts and mute tablets"
    PLAN = "write support plans"
    BANDS = "see bands and gateways"
    PAIR = "pair, swap and correct bands"
    TABLETS = "enrol tablets"
    RECORDINGS = "read recordings and labels"
    LABEL = "add and correct labels"
    EXPORT = "take recordings out"
    MODELS = "see experiments, models and what-ifs"
    SHARE = "make summaries to share"
    ACCOUNTS = "say who signs in, and as what"
    HOUSE = "set sites, rules, levels, consents and retention"
    GATEWAYS = "let gateways in"
    ERASE = "erase people"
    AUDIT = "read the audit"
    COUNTS = "read what is counted"


class Role(StrEnum):
    """What people, tablets and machines are at a site."""

    CARER = "carer"
    SUPPORT = "support"
    RESEARCHER = "researcher"
    ADMINISTRATOR = "administrator"
    TABLET = "tablet"
    TABLET_UNNAMED = "tablet without names"
    MONITOR = "monitor"


OF_PEOPLE: Final = (Role.CARER, Role.SUPPORT, Role.RESEARCHER, Role.ADMINISTRATOR)
"""What somebody who signs in can be; tablets are enrolled, monitors have tokens."""

_CARE: Final = frozenset({Act.BOARD, Act.NAMES, Act.TAKE})

ACTS: Final[Mapping[Role, frozenset[Act]]] = {
    Role.CARER: _CARE | {Act.DAY, Act.TELL, Act.SHIFT, Act.PLAN, Act.BANDS, Act.SHARE},
    Role.SUPPORT: _CARE | {Act.BANDS, Act.PAIR, Act.TABLETS, Act.GATEWAYS},
    Role.RESEARCHER: frozenset({Act.RECORDINGS, Act.LABEL, Act.EXPORT, Act.MODELS}),
    Role.ADMINISTRATOR: _CARE
    | {
        Act.DAY,
        Act.PLAN,
        Act.SHIFT,
        Act.BANDS,
        Act.TABLETS,
        Act.SHARE,
        Act.ACCOUNTS,
        Act.HOUSE,
        Act.GATEWAYS,
        Act.ERASE,
        Act.AUDIT,
        Act.COUNTS,
    },
    Role.TABLET: _CARE,
    Role.TABLET_UNNAMED: _CARE - {Act.NAMES},
    Role.MONITOR: frozenset({Act.COUNTS}),
}
"""Whoever sees an alert may take it. Researchers know nobody by name."""
