"""Who wore what: corrected at any time, one person a band and one band a person at every moment, as a table of seconds
would have it."""

import math
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.admission import Admission, Verdict
from ingest.errors import RegistryError
from ingest.registry.consents import Consent, Scope
from ingest.registry.registry import Registry
from ingest.registry.stretches import Change, Correction

END = 20  # seconds of the model; what is open reaches there
BANDS, WEARERS = ("b-1", "b-2", "b-3"), ("w-1", "w-2", "w-3")
Worn = dict[str, list[str | None]]
Agreed = dict[str, list[list[bool]]]


def put(worn: Worn, band: str, wearer: str | None, since: int, until: int | None) -> Worn:
    seconds = list(worn[band])
    stop = END if until is None else until
    seconds[since:stop] = [wearer] * (stop - since)
    return {**worn, band: seconds}


def possible(worn: Worn) -> bool:
    return all(
        len(people) == len(set(people))
        for at_s in range(END)
        for people in [[worn[band][at_s] for band in BANDS if worn[band][at_s] is not None]]
    )


def differing(before: Worn, after: Worn, band: str) -> set[tuple[int, str | None, str | None]]:
    return {(t, *pair) for t, pair in enumerate(zip(before[band], after[band], strict=True)) if pair[0] != pair[1]}


def told(found: list[Change], band: str) -> set[tuple[int, str | None, str | None]]:
    return {
        (at_s, change.before, change.after)
        for change in found
        if change.band == band
        for at_s in range(int(change.since_s), END if change.until_s is None else int(change.until_s))
    }


STRETCH = st.tuples(st.integers(0, END - 2), st.integers(1, 8) | st.none()).map(
    lambda pair: (pair[0], None if pair[1] is None or sum(pair) >= END else sum(pair))
)
CORRECTION = st.tuples(st.sampled_from(BANDS), st.sampled_from(WEARERS) | st.none(), STRETCH)
STEP = st.one_of(
    st.tuples(st.just("assign"), st.sampled_from(BANDS), st.sampled_from(WEARERS), st.integers(0, END - 1)),
    st.tuples(st.just("unassign"), st.sampled_from(BANDS), st.integers(0, END - 1)),
    st.tuples(st.just("correct"), st.lists(CORRECTION, min_size=1, max_size=3)),
    st.tuples(st.just("correct"), st.lists(CORRECTION, min_size=1, max_size=1)),
    st.tuples(st.just("give"), st.sampled_from(WEARERS), STRETCH, st.sampled_from(tuple(Scope))),
    st.tuples(st.just("withdraw"), st.sampled_from(WEARERS)),
)


class Model:
    """A table of seconds beside the registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.worn: Worn = {band: [None] * END for band in BANDS}
        self.agreed: dict[str, set[int]] = {wearer: set() for wearer in WEARERS}

    def assign(self, band: str, wearer: str, since: int) -> None:
        free = all(who is None for who in self.worn[band][since:]) and all(
            who != wearer for other in BANDS for who in self.worn[other][since:]
        )
        try:
            self.registry.assign(band, wearer, float(since), by="test")
        except RegistryError:
            assert not free
            return
        for other in BANDS:
            if other != band:
                kept = [None if at_s >= since and who == wearer else who for at_s, who in enumerate(self.worn[other])]
                self.worn = {**self.worn, other: kept}
        self.worn = put(self.worn, band, wearer, since, None)

    def unassign(self, band: str, at: int) -> None:
        try:
            wearer = self.registry.unassign(band, float(at), by="test")
        except RegistryError:
            assert (
                self.worn[band][-1] is None
                or at == 0
                or len(set(self.worn[band][max(0, at - 1) :])) > 1
                or (self.registry.band_history(band)[-1].since_s >= at)
            )
            return
        assert wearer == self.worn[band][-1]
        self.worn = put(self.worn, band, None, at, None)

    def correct(self, corrections: list[tuple[str, str | None, tuple[int, int | None]]]) -> None:
        after = self.worn
        for band, wearer, (since, until) in corrections:
            after = put(after, band, wearer, since, until)
        asked = [
            Correction(band, wearer, float(since), None if until is None else float(until))
            for band, wearer, (since, until) in corrections
        ]
        try:
            found = self.registry.correct_assignments(asked, by="test")
        except RegistryError:
            assert not possible(after)
            return
        for band in BANDS:
            assert told(found, band) == differing(self.worn, after, band)
        self.worn = after

    def give(self, wearer: str, stretch: tuple[int, int | None], scope: Scope) -> None:
        since, until = stretch
        consent = Consent(frozenset({scope}), "Ida", float(since), None if until is None else float(until))
        self.registry.give_consent(wearer, consent, by="test")
        if scope is Scope.CARE:
            self.agreed[wearer] |= set(range(since, END if until is None else until))

    def withdraw(self, wearer: str) -> None:
        self.registry.withdraw_consent(wearer, at_s=1.0, by="test")
        self.agreed[wearer] = set()

    def check(self) -> None:
        assert possible(self.worn)
        snapshot = self.registry.admissions()
        for band in BANDS:
            assert snapshot.admit(band, -1.0) == Admission(Verdict.WAIT, None)
            stretches = self.registry.band_history(band)
            for at_s, wearer in enumerate(self.worn[band]):
                agreed = wearer is not None and at_s in self.agreed[wearer]
                verdict = Verdict.WAIT if wearer is None else Verdict.KEEP if agreed else Verdict.DROP
                assert snapshot.admit(band, at_s + 0.5) == snapshot.admit(band, at_s) == Admission(verdict, wearer)
                assert [s.wearer for s in stretches if s.since_s <= at_s < s.until_s] == ([wearer] if wearer else [])
            assert self.registry.wearer_of(band, END - 1.0) == self.worn[band][-1]
        for wearer in WEARERS:
            for at_s in range(END):
                assert snapshot.consented(wearer, at_s) == (at_s in self.agreed[wearer])


def run(url: str, steps: list[tuple[object, ...]]) -> None:
    with closing(Registry(url)) as registry:
        for wearer in WEARERS:
            registry.add_wearer(wearer, wearer, by="test")
        for band in BANDS:
            registry.add_band(band, by="test")
        model = Model(registry)
        for name, *arguments in steps:
            getattr(model, str(name))(*arguments)
        model.check()
        assert registry.verify_audit() == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, max_size=14))
def test_any_sequence_of_changes_is_what_a_table_of_seconds_says(
    new_sqlite: Callable[[], str], steps: list[tuple[object, ...]]
) -> None:
    run(new_sqlite(), steps)


@pytest.mark.service
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, max_size=14))
def test_any_sequence_of_changes_is_so_in_postgresql_too(
    new_postgres: Callable[[], str], steps: list[tuple[object, ...]]
) -> None:
    run(new_postgres(), steps)


def test_bands_that_were_exchanged_are_put_right_in_one_step_and_not_in_two(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    registry.assign("b-2", "w-2", 100.0, by="test")
    with pytest.raises(RegistryError, match="w-2: would wear b-1 and b-2 at once at 1970-01-01 00:01:40 UTC"):
        registry.correct_assignment("b-1", "w-2", since_s=100.0, until_s=None, by="test")
    assert registry.wearer_of("b-1", 150.0) == "w-1"
    found = registry.correct_assignments([Correction("b-1", "w-2", 100.0), Correction("b-2", "w-1", 100.0)], by="test")
    assert found == [Change("b-1", 100.0, None, "w-1", "w-2"), Change("b-2", 100.0, None, "w-2", "w-1")]
    assert [registry.wearer_of(band, 1e9) for band in ("b-1", "b-2")] == ["w-2", "w-1"]


def test_a_correction_says_what_differs_and_nothing_else(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 100.0, by="test")
    registry.unassign("b-1", 200.0, by="test")
    found = registry.correct_assignment("b-1", "w-1", since_s=50.0, until_s=150.0, by="jo")
    assert found == [Change("b-1", 50.0, 100.0, None, "w-1")]
    (stretch,) = registry.band_history("b-1")
    assert (stretch.since_s, stretch.until_s, stretch.made_by) == (50.0, 200.0, "jo")
    assert registry.correct_assignment("b-1", "w-1", since_s=60.0, until_s=90.0, by="jo") == []
    assert registry.worn_by("w-1") == [Correction("b-1", "w-1", 50.0, 200.0)]


@pytest.mark.parametrize(
    ("band", "wearer", "since_s", "until_s", "what"),
    [
        ("b-9", "w-1", 1.0, 2.0, "band: 'b-9' is not known"),
        ("b-1", "w-9", 1.0, 2.0, "wearer: 'w-9' is not known"),
        ("b-1", "w-1", 2.0, 2.0, "until_s"),
        ("b-1", "w-1", math.nan, 2.0, "since_s"),
        ("b-1", "w-1", 1.0, math.inf, "until_s"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused_by_name(
    registry: Registry, band: str, wearer: str, since_s: float, until_s: float, what: str
) -> None:
    with pytest.raises(RegistryError, match=what):
        registry.correct_assignment(band, wearer, since_s=since_s, until_s=until_s, by="test")
    assert registry.band_history("b-1") == []


def test_taking_a_band_off_that_nobody_wears_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="nobody wears 'b-1'"):
        registry.unassign("b-1", 1.0, by="test")
    registry.assign("b-1", "w-1", 100.0, by="test")
    with pytest.raises(RegistryError, match="at_s: w-1 has worn b-1 since 100"):
        registry.unassign("b-1", 100.0, by="test")
    assert registry.unassign("b-1", 100.5, by="test") == "w-1"


def test_a_time_that_is_no_number_belongs_to_nobody(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 1.0, by="test")
    assert registry.admissions().admit("b-1", math.nan) == Admission(Verdict.WAIT, None)
