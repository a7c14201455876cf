"""Sites, consents, sessions and labels: what was entered is known, once, with its history, on either database."""

from dataclasses import replace

import pytest

from ingest.admission import Admission, Verdict
from ingest.errors import RegistryError
from ingest.labels import Label, read_labels, write_labels
from ingest.registry.consents import Consent, Scope
from ingest.registry.places import DAYS_MAX, Gateway, Site
from ingest.registry.registry import Registry
from ingest.registry.sessions import TAIL_S, Kind, Session
from ingest.registry.stretches import Correction

CARE = frozenset({Scope.CARE})
HOME = Site("home", "Home", "Europe/Berlin")


def test_a_site_holds_people_bands_and_gateways(registry: Registry) -> None:
    registry.add_site(HOME, by="test")
    registry.add_wearer("w-3", "Cleo", site="home", by="test")
    registry.add_band("b-3", site="home", note="blue strap", by="test")
    registry.add_gateway(Gateway("g-1", "home", "hall"), by="test")
    registry.add_gateway(Gateway("g-2", None, ""), by="test")
    registry.put_in_site("home", wearers=["w-1"], gateways=["g-2"], by="test")
    registry.set_retention("home", 30, by="test")
    assert registry.sites() == [replace(HOME, readings_days=30)]
    assert registry.site_of() == {"w-1": "home", "w-2": None, "w-3": "home"}
    assert registry.gateways() == [Gateway("g-1", "home", "hall"), Gateway("g-2", "home", "")]
    registry.change_site(replace(HOME, place="The house", time_zone="UTC"), by="test")
    assert registry.sites() == [Site("home", "The house", "UTC", None)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.add_site(replace(HOME, time_zone="Europe/Atlantis"), by="test"), "time_zone: 'Europe/Atlantis'"),
        (lambda r: r.add_site(replace(HOME, time_zone="../etc/passwd"), by="test"), "time_zone"),
        (lambda r: r.add_site(replace(HOME, name="a/b"), by="test"), "site"),
        (lambda r: r.add_site(replace(HOME, readings_days=0), by="test"), "readings_days"),
        (lambda r: r.add_site(replace(HOME, readings_days=DAYS_MAX + 1), by="test"), "readings_days"),
        (lambda r: r.set_retention("nowhere", 3, by="test"), "site: 'nowhere' is not known; there are: "),
        (lambda r: r.add_wearer("w-9", "Ann", site="nowhere", by="test"), "site: 'nowhere'"),
        (lambda r: r.add_band("b-9", note="x" * 201, by="test"), "note"),
        (lambda r: r.add_carer("Jo\0", by="test"), "carer"),
        (lambda r: r.add_wearer("w-9", "\udc80", by="test"), "name"),
        (lambda r: r.put_in_site("home", wearers=["w-1"], by="test"), "site: 'home' is not known"),
        (lambda r: r.give_consent("w-9", Consent(CARE, "Ida", 0.0), by="test"), "wearer: 'w-9'"),
        (lambda r: r.give_consent("w-1", Consent(frozenset(), "Ida", 0.0), by="test"), "scopes"),
        (lambda r: r.give_consent("w-1", Consent(CARE, "Ida", 5.0, 5.0), by="test"), "until_s"),
        (lambda r: r.give_consent("w-1", Consent(CARE, "", 5.0), by="test"), "given_by"),
        (lambda r: r.withdraw_consent("w-9", at_s=1.0, by="test"), "wearer: 'w-9'"),
        (lambda r: r.correct_label(7, label(), by="test"), "label 7: there is none"),
        (lambda r: r.add_labels([replace(label(), wearer="")], by="test"), "wearer: '' is not known"),
        (lambda r: r.add_labels([label(), replace(label(), what="")], by="test"), "label: what"),
        (lambda r: r.add_session(replace(session(), digest=None), by="test"), "digest"),
        (lambda r: r.add_session(replace(session(), end_s=100.0), by="test"), "end_s"),
        (lambda r: r.add_session(replace(session(), origin="x" * 256), by="test"), "origin"),
        (lambda r: r.add_session(replace(session(), band="b-1"), by="test"), "'b-1' is a wristband"),
        (lambda r: r.add_session(replace(session(), wearer="w-9"), by="test"), "wearer: 'w-9'"),
        (lambda r: r.add_session(replace(session(), kind=Kind.LIVE), by="test"), "band: 'e4-abc' is not known"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_leaves_nothing(
    registry: Registry, change: object, what: str
) -> None:
    before = registry.revision()
    with pytest.raises(RegistryError, match=what):
        change(registry)
    assert (registry.revision(), registry.labels(), registry.sessions()) == (before, {}, [])


def test_no_scope_implies_another(registry: Registry) -> None:
    registry.give_consent("w-1", Consent(frozenset({Scope.RESEARCH}), "Ida, mother", 10.0), by="jo")
    assert [registry.has_consent("w-1", scope, 20.0) for scope in Scope] == [False, True, False]
    registry.assign("b-1", "w-1", 0.0, by="test")
    assert registry.admissions().admit("b-1", 20.0) == Admission(Verdict.DROP, "w-1")
    (given,) = registry.consents("w-1")
    assert (given.given_by, given.entered_by, given.to_confirm) == ("Ida, mother", "jo", False)


def test_a_consent_ends_by_itself_in_a_snapshot_that_was_taken_before(registry: Registry) -> None:
    registry.give_consent("w-1", Consent(CARE, "Ida, mother", 10.0, 20.0), by="jo")
    registry.assign("b-1", "w-1", 0.0, by="test")
    snapshot = registry.admissions()
    verdicts = [snapshot.admit("b-1", at_s).verdict for at_s in (9.9, 10.0, 19.9, 20.0)]
    assert verdicts == [Verdict.DROP, Verdict.KEEP, Verdict.KEEP, Verdict.DROP]


def test_what_is_withdrawn_covers_nothing_that_has_not_been_kept_and_stays_in_the_history(registry: Registry) -> None:
    registry.assign("b-1", "w-1", 0.0, by="test")
    registry.give_consent("w-1", Consent(frozenset(Scope), "Ida, mother", 0.0), by="jo")
    assert registry.withdraw_consent("w-1", scopes=[Scope.CARE], at_s=50.0, by="jo") == 1
    assert registry.withdraw_consent("w-1", scopes=[Scope.CARE], at_s=60.0, by="jo") == 0
    assert registry.admissions().admit("b-1", 40.0) == Admission(Verdict.DROP, "w-1")
    assert registry.has_consent("w-1", Scope.SHARE, 70.0)
    assert {each.scope: each.withdrawn_s for each in registry.consents("w-1")} == {
        Scope.CARE: 50.0,
        Scope.RESEARCH: None,
        Scope.SHARE: None,
    }
    registry.give_consent("w-1", Consent(CARE, "Ida, mother", 80.0), by="jo")
    assert [registry.admissions().admit("b-1", at_s).verdict for at_s in (40.0, 80.0)] == [Verdict.DROP, Verdict.KEEP]


def session() -> Session:
    return Session(
        band="e4-abc",
        start_s=100.0,
        end_s=200.0,
        kind=Kind.IMPORTED,
        format="empatica-e4",
        origin="session.zip",
        digest="sha256:abc",
        notes=("a pause of 3 s", "HR.csv left out"),
        wearer="w-1",
    )


def test_a_session_comes_once_and_brings_its_wearer(registry: Registry) -> None:
    assert registry.add_session(session(), by="jo")
    assert not registry.add_session(session(), by="jo")
    assert not registry.add_session(replace(session(), wearer=None), by="jo")
    (kept,) = registry.sessions("w-1")
    assert kept == replace(session(), entered_at_s=kept.entered_at_s)
    assert registry.bands() == ["b-1", "b-2"]
    registry.give_consent("w-1", Consent(CARE, "Ida, mother", 0.0), by="jo")
    assert registry.admissions().admit("e4-abc", 200.5) == Admission(Verdict.KEEP, "w-1")
    with pytest.raises(RegistryError, match=r"session\.zip is there already as a recording of w-1"):
        registry.add_session(replace(session(), wearer="w-2"), by="jo")
    with pytest.raises(RegistryError, match="imported recording"):
        registry.assign("e4-abc", "w-1", 1e9, by="jo")


def test_the_board_stands_for_whoever_had_a_wristband_and_not_for_recordings(registry: Registry) -> None:
    registry.add_session(session(), by="jo")
    assert registry.watched() == []
    registry.assign("b-1", "w-2", 10.0, by="jo")
    registry.unassign("b-1", 20.0, by="jo")
    assert registry.watched() == ["w-2"]


def test_whose_a_session_is_follows_from_who_wore_the_band(registry: Registry) -> None:
    registry.add_session(session(), by="jo")
    registry.correct_assignment("e4-abc", "w-2", since_s=100.0, until_s=260.0, by="jo")
    assert (registry.sessions("w-1"), [each.wearer for each in registry.sessions("w-2")]) == ([], ["w-2"])
    registry.correct_assignment("e4-abc", None, since_s=100.0, until_s=260.0, by="jo")
    assert [each.wearer for each in registry.sessions()] == [None]


def test_recordings_of_one_person_may_overlap_and_do_not_stand_in_the_way_of_wristbands(registry: Registry) -> None:
    registry.add_session(session(), by="jo")
    registry.add_session(replace(session(), band="e4-other-wrist", digest="sha256:def"), by="jo")
    registry.assign("b-1", "w-1", 50.0, by="jo")
    assert registry.wearer_of("b-1", 150.0) == "w-1"
    assert len(registry.sessions("w-1")) == 2


def test_sessions_are_found_by_time(registry: Registry) -> None:
    registry.add_session(session(), by="jo")
    registry.assign("b-1", "w-1", 0.0, by="jo")
    live = Session(band="b-1", start_s=10.0, end_s=50.0, kind=Kind.LIVE)
    assert registry.add_session(live, by="jo")
    assert not registry.add_session(live, by="jo")
    assert [each.band for each in registry.sessions()] == ["b-1", "e4-abc"]
    assert [each.band for each in registry.sessions("w-1", 50.0, 150.0)] == ["e4-abc"]
    assert [each.band for each in registry.sessions("w-1", 0.0, 100.0)] == ["b-1"]


def label(**others: object) -> Label:
    fields: dict[str, object] = {"what": "meltdown", "start_s": 100.0, "end_s": 200.0, "rater": "Jo", "wearer": "w-1"}
    return Label(**{**fields, **others})


def test_labels_come_and_go_as_a_file_and_twice_is_once(registry: Registry) -> None:
    some = [
        label(level=2.5, onset_uncertainty_s=0.1, note="loud"),
        label(start_s=99.0, what="a, b"),
        label(wearer="w-2"),
    ]
    numbers = registry.add_labels(read_labels(write_labels(some)), by="jo")
    assert registry.add_labels(some, by="jo") == numbers
    assert list(registry.labels("w-1").values()) == [some[1], some[0]]
    assert read_labels(write_labels(registry.labels().values())) == [some[1], some[0], some[2]]
    assert list(registry.labels("w-1", 200.0, 300.0).values()) == [some[1], some[0]]
    assert registry.labels("w-1", 200.1, 300.0) == registry.labels("w-1", 0.0, 99.0) == {}


def test_a_corrected_label_is_kept_beside_what_took_its_place(registry: Registry) -> None:
    (first,) = registry.add_labels([label()], by="jo")
    second = registry.correct_label(first, label(start_s=90.0), by="jo")
    third = registry.correct_label(second, label(what="calm"), by="jo")
    assert registry.labels("w-1") == {third: label(what="calm")}
    assert registry.label_history(first) == {first: label(), second: label(start_s=90.0), third: label(what="calm")}
    for change in (registry.correct_label, lambda number, _, by: registry.remove_label(number, by=by)):
        with pytest.raises(RegistryError, match=f"label {first}: was corrected already, by label {second}"):
            change(first, label(), by="jo")
    assert registry.add_labels([label()], by="jo") == [first]
    assert registry.labels("w-1") == {third: label(what="calm")}


def test_a_removed_label_is_not_valid_and_comes_back_only_by_correction(registry: Registry) -> None:
    (number,) = registry.add_labels([label()], by="jo")
    registry.remove_label(number, by="jo")
    registry.remove_label(number, by="jo")
    registry.add_labels([label()], by="jo")
    assert registry.labels() == {}
    again = registry.correct_label(number, label(), by="jo")
    assert registry.labels() == {again: label()}


def test_what_has_outlived_its_time_is_told_by_the_site_of_its_wearer(registry: Registry) -> None:
    day_s = 86_400.0
    registry.add_site(HOME, by="jo")
    registry.put_in_site("home", wearers=["w-1"], by="jo")
    registry.assign("b-1", "w-1", 0.0, by="jo")
    registry.assign("b-2", "w-2", 0.0, by="jo")
    registry.unassign("b-1", 5 * day_s, by="jo")
    registry.assign("b-1", "w-1", 6 * day_s, by="jo")
    registry.add_session(session(), by="jo")
    (entered_at_s,) = [each.entered_at_s for each in registry.sessions("w-1")]
    assert entered_at_s is not None
    assert registry.outlived(1e12) == []
    registry.set_retention("home", 30, by="jo")
    assert registry.outlived(30 * day_s) == []
    assert registry.outlived(31 * day_s) == [Correction("b-1", "w-1", 0.0, day_s)]
    assert registry.outlived(40 * day_s) == [
        Correction("b-1", "w-1", 0.0, 5 * day_s),
        Correction("b-1", "w-1", 6 * day_s, 10 * day_s),
    ]
    assert "e4-abc" not in {each.band for each in registry.outlived(entered_at_s + 30 * day_s - 1.0)}
    assert registry.outlived(entered_at_s + 30 * day_s)[-1] == Correction("e4-abc", "w-1", 100.0, 200.0 + TAIL_S)
