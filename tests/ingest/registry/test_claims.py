"""Which readings somebody has a right to keep: those of a wearer whose consent covered them, and nobody else's."""

from collections.abc import Iterable

import pytest

from ingest.registry.claims import Claims
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry

INFINITE = float("inf")


def care(from_s: float, until_s: float | None = None, scopes: Iterable[Scope] = (Scope.CARE,)) -> Consent:
    return Consent(frozenset(scopes), "Ida, mother", from_s, until_s)


def test_only_what_a_consent_to_care_covers_while_the_band_was_worn_is_claimed(registry: Registry) -> None:
    registry.give_consent("w-1", care(100.0, 150.0), by="jo")
    registry.give_consent("w-1", care(140.0, 200.0), by="jo")
    registry.give_consent("w-2", care(0.0, scopes=[Scope.RESEARCH]), by="jo")
    registry.assign("b-1", "w-1", 50.0, by="jo")
    registry.assign("b-2", "w-2", 50.0, by="jo")
    assert registry.claims() == {"b-1": Claims(((100.0, 200.0),))}


def test_a_consent_that_was_withdrawn_keeps_what_it_had_kept_and_nothing_that_was_assigned_later(
    registry: Registry,
) -> None:
    registry.give_consent("w-1", care(0.0), by="jo")
    registry.assign("b-1", "w-1", 100.0, by="jo")
    made_s = registry.band_history("b-1")[0].made_at_s
    assert made_s is not None
    registry.withdraw_consent("w-1", at_s=made_s + 0.5, by="jo")
    assert registry.claims() == {"b-1": Claims(((100.0, INFINITE),))}
    registry.correct_assignment("b-2", "w-1", since_s=10.0, until_s=20.0, by="jo")
    assert registry.claims() == {"b-1": Claims(((100.0, INFINITE),))}


@pytest.mark.parametrize("since_s", [100.0, 1e9])
def test_what_was_worn_by_somebody_who_was_erased_is_known_as_such(registry: Registry, since_s: float) -> None:
    registry.give_consent("w-1", care(0.0), by="jo")
    registry.correct_assignment("b-1", "w-1", since_s=since_s, until_s=since_s + 5.0, by="jo")
    registry.erase_wearer("w-1", by="jo")
    assert registry.claims() == {"b-1": Claims(erased=((since_s, since_s + 5.0),))}
