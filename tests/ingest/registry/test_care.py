"""Support plans, alerting rules, phones, outcomes and refusals: what was said last holds, what was before is kept, and
no secret nor word about a person gets into the audit."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import RegistryError
from ingest.labels import Label
from ingest.registry.places import Site
from ingest.registry.plans import LINE_MAX, LINES_MAX
from ingest.registry.push import PER_CARER, PER_TABLET, Owner, Subscription
from ingest.registry.refusals import HOUR_S, REFUSALS_AN_HOUR, Refusals
from ingest.registry.registry import Registry
from tests.ingest.registry.conftest import Clock

LABEL = Label(what="incident", start_s=100.0, end_s=200.0, rater="Jo", wearer="w-1", onset_uncertainty_s=60.0)
P256DH = base64.urlsafe_b64encode(b"\4" + bytes(64)).decode().rstrip("=")
AUTH = base64.urlsafe_b64encode(bytes(range(16))).decode().rstrip("=")
SECRET = "tgram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/Ann"  # noqa: S105 - invented


def details(registry: Registry) -> str:
    return json.dumps([(each.action, each.subject, each.detail) for each in registry.audit_entries()])


# Support plans


def test_the_plan_that_was_written_last_holds_and_those_before_are_kept(registry: Registry) -> None:
    first = registry.set_plan("w-1", helps=["  dim the lights ", ""], avoid=["touch"], by="Ada")
    assert (first.helps, first.avoid, first.by) == (("dim the lights",), ("touch",), "Ada")
    second = registry.set_plan("w-1", helps=["музыка 🎧", "الجلوس بجانبه"], avoid=[], by="Bo")
    other = registry.set_plan("w-2", helps=["a walk"], avoid=[], by="Ada")
    assert registry.plan("w-1") == second
    assert registry.plans() == {"w-1": second, "w-2": other}
    assert registry.plan_history("w-1") == [first, second]


def test_a_plan_that_says_nothing_is_none_and_its_history_stays(registry: Registry) -> None:
    first = registry.set_plan("w-1", helps=["a walk"], avoid=[], by="Ada")
    last = registry.set_plan("w-1", helps=[], avoid=[" "], by="Ada")
    assert registry.plan("w-1") is None
    assert registry.plan_history("w-1") == [first, last]


def test_saying_the_same_plan_again_writes_nothing(registry: Registry) -> None:
    first = registry.set_plan("w-1", helps=["a walk"], avoid=[], by="Ada")
    before = registry.revision()
    assert registry.set_plan("w-1", helps=["a walk", "a walk"], avoid=[], by="Bo") == first
    assert registry.revision() == before


@pytest.mark.parametrize(
    ("helps", "avoid", "told"),
    [
        (["x" * (LINE_MAX + 1)], [], "helps, line 1: 501 characters"),
        ([], [str(n) for n in range(LINES_MAX + 1)], "avoid: 13 lines"),
        (["a", "b\0"], [], "helps, line 2: must be text without NUL"),
        (["\udc80"], [], "helps, line 1"),
        ([], ["a\u202eb"], "avoid, line 1: must be one line"),
        ([], ["a\nb"], "avoid, line 1: must be one line"),
        ("a walk", [], "helps: must be a list"),
    ],
)
def test_a_plan_that_cannot_be_shown_is_refused_by_its_line(
    registry: Registry, helps: list[str], avoid: list[str], told: str
) -> None:
    with pytest.raises(RegistryError, match=told):
        registry.set_plan("w-1", helps=helps, avoid=avoid, by="Ada")
    with pytest.raises(RegistryError, match="w-9"):
        registry.set_plan("w-9", helps=["a walk"], avoid=[], by="Ada")
    assert registry.plan_history("w-1") == []


PRINTED = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")), min_size=1, max_size=40)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PRINTED, max_size=LINES_MAX, unique_by=str.strip))
def test_a_plan_comes_back_in_the_very_letters_in_which_it_was_written(registry: Registry, lines: list[str]) -> None:
    said = tuple(line.strip() for line in lines if line.strip())
    assert registry.set_plan("w-1", helps=lines, avoid=[], by="Ada").helps == said
    plan = registry.plan("w-1")
    assert (() if plan is None else plan.helps) == said


def test_plans_go_with_whom_they_are_of_and_the_audit_has_no_word_of_them(registry: Registry) -> None:
    registry.set_plan("w-1", helps=["call Quackenbush"], avoid=[], by="Ada")
    other = registry.set_plan("w-2", helps=["a walk"], avoid=[], by="Ada")
    assert registry.traces_of("w-1")["support_plan"] == 1
    registry.erase_wearer("w-1", by="Ada")
    assert registry.plans() == {"w-2": other}
    assert "Quackenbush" not in details(registry)


# Alerting rules


def test_the_rules_set_last_hold_and_the_audit_has_their_digest_alone(registry: Registry) -> None:
    for name in ("home", "away"):
        registry.add_site(Site(name, name, "UTC"), by="test")
    assert registry.alerting_rules("home") is None
    first = registry.set_alerting_rules("home", f"url = '{SECRET}'", because="nights", by="Ada")
    second = registry.set_alerting_rules("home", "# Ελλάδα", by="Bo")
    assert registry.alerting_rules("home") == second
    assert registry.alerting_rules("away") is None
    back = registry.set_alerting_rules("home", None, by="Ada")
    assert registry.alerting_rules("home") is None
    assert registry.alerting_rules_history("home") == [first, second, back]
    assert registry.set_alerting_rules("home", None, by="Ada") == back
    assert SECRET not in details(registry) + repr(first)
    assert first.digest in details(registry)
    assert (first.because, back.digest) == ("nights", "")


def test_rules_of_a_site_that_is_not_there_and_rules_without_end_are_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="site: 'nowhere' is not known"):
        registry.set_alerting_rules("nowhere", "", by="Ada")
    registry.add_site(Site("home", "Home", "UTC"), by="test")
    with pytest.raises(RegistryError, match="alerting rules: 300,000 bytes"):
        registry.set_alerting_rules("home", "x" * 300_000, by="Ada")
    assert registry.alerting_rules_history("home") == []


# Web Push


def add(registry: Registry, **others: str) -> Subscription:
    said = {"endpoint": "https://push.example/a", "p256dh": P256DH, "auth": AUTH, "carer": "Jo", "tablet": "t-1"}
    return registry.add_push(**{**said, **others}, by="Jo")


def test_a_browser_is_told_until_somebody_ends_it(registry: Registry) -> None:
    first = add(registry)
    revision = registry.revision()
    assert add(registry) == first
    assert registry.revision() == revision
    second = add(registry, endpoint="https://push.example/b", tablet="t-2")
    assert registry.push_subscriptions("Jo") == [first, second]
    assert registry.push_subscriptions("Bo") == []
    assert registry.remove_push("https://push.example/a", because="gone", by="the push service")
    assert not registry.remove_push("https://push.example/a", because="gone", by="the push service")
    assert registry.push_subscriptions() == [second]
    assert "push.example" not in details(registry)
    assert "push.example" not in repr(second)
    assert AUTH not in repr(second)


def test_a_browser_that_subscribes_anew_takes_the_place_of_what_it_had(registry: Registry) -> None:
    add(registry)
    add(registry, endpoint="https://push.example/b")
    moved = add(registry, endpoint="https://push.example/b", carer="Bo")
    assert registry.push_subscriptions() == [moved]


def test_one_tablet_keeps_no_carers_real_phone_out(registry: Registry) -> None:
    real = add(registry, endpoint="https://push.example/phone", tablet="phone")
    for number in range(3 * PER_CARER):
        add(registry, endpoint=f"https://push.example/junk-{number}", tablet="wall", carer=f"carer {number}")
        add(registry, endpoint=f"https://push.example/more-{number}", tablet="wall")
    told = registry.push_subscriptions()
    assert real in told
    assert len(told) == 1 + PER_TABLET
    assert told[-1].endpoint == f"https://push.example/more-{3 * PER_CARER - 1}"


def test_a_browser_is_ended_only_by_whoever_owns_it_where_an_owner_is_given(registry: Registry) -> None:
    endpoint = add(registry).endpoint
    for nobody in (Owner(), Owner(carer="Bo"), Owner(carer="Bo", tablets=("t-2",))):
        assert not registry.remove_push(endpoint, because="asked", by="Bo", owner=nobody)
    assert registry.remove_push(endpoint, because="asked", by="Jo", owner=Owner(carer="Jo"))
    endpoint = add(registry).endpoint
    assert registry.remove_push(endpoint, because="asked", by="Bo", owner=Owner(tablets=("t-1",)))


def test_a_carer_has_so_many_browsers_and_no_more(registry: Registry) -> None:
    for number in range(PER_CARER):
        add(registry, endpoint=f"https://push.example/{number}", tablet=f"t-{number}")
    with pytest.raises(RegistryError, match="carer: is told in 10 browsers already"):
        add(registry, endpoint="https://push.example/more", tablet="t-more")
    add(registry, endpoint="https://push.example/other", carer="Bo")
    add(registry, endpoint="https://push.example/again", tablet="t-3")
    assert len(registry.push_subscriptions("Jo")) == PER_CARER


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"endpoint": ""}, "endpoint"),
        ({"endpoint": "file:///etc/passwd"}, "endpoint: must be the https address"),
        ({"endpoint": "https://user:secret@push.example/a"}, "endpoint"),
        ({"endpoint": "https://[push"}, "endpoint"),
        ({"endpoint": "https://push.example/" + "x" * 1000}, "endpoint: must be an address of up to 1000"),
        ({"p256dh": AUTH}, r"keys\.p256dh: must be 65 bytes"),
        ({"auth": "not base64!"}, r"keys\.auth: must be 16 bytes"),
        ({"carer": " "}, "carer"),
        ({"tablet": "t\0"}, "tablet"),
    ],
)
def test_what_no_browser_sends_is_refused_by_field_and_not_said_again(
    registry: Registry, others: dict[str, str], told: str
) -> None:
    with pytest.raises(RegistryError, match=told) as refused:
        add(registry, **others)
    assert "secret" not in str(refused.value)
    assert registry.push_subscriptions() == []


# Outcomes as labels


def test_an_outcome_is_entered_once_whatever_became_of_its_label(registry: Registry) -> None:
    number = registry.enter_outcome("o-1", LABEL, by="Jo")
    assert registry.enter_outcome("o-1", LABEL, by="Jo") == number
    registry.remove_label(number, by="a researcher")
    assert registry.enter_outcome("o-1", LABEL, by="Jo") == number
    assert registry.labels() == {}
    assert registry.outcomes_entered() == {"o-1"}
    twin = registry.enter_outcome("o-2", LABEL, by="Jo")
    assert registry.labels("w-1") == {twin: LABEL}


def test_a_correction_stands_in_for_the_outcome_and_for_what_stood_in_for_it(registry: Registry) -> None:
    first = registry.enter_outcome("o-1", LABEL, by="Jo")
    by_hand = registry.correct_label(first, Label(what="x", start_s=1.0, end_s=2.0, rater="R", wearer="w-1"), by="R")
    calm = Label(what="exercise", start_s=100.0, end_s=150.0, rater="Jo", wearer="w-1")
    last = registry.enter_outcome("o-2", calm, corrects="o-1", by="Jo")
    assert registry.labels("w-1") == {last: calm}
    assert list(registry.label_history(first)) == [first, by_hand, last]
    assert registry.enter_outcome("o-2", calm, corrects="o-1", by="Jo") == last
    with pytest.raises(RegistryError, match="outcome 'o-9': is not entered"):
        registry.enter_outcome("o-3", calm, corrects="o-9", by="Jo")


# What was refused


def test_whoever_is_refused_for_ever_does_not_fill_the_disk(registry: Registry, clock: Clock) -> None:
    before = registry.revision()
    entered = [registry.note_refusal("refused: take link", by="the board", because="forged") for _ in range(500)]
    assert sum(entered) == REFUSALS_AN_HOUR == registry.revision() - before
    clock.now_s += HOUR_S
    assert registry.note_refusal("refused: take link", by="the board", wearer="nobody-known", because="forged")
    assert json.loads(registry.audit_entries()[-1].detail) == {"because": "forged", "left_out": 480}
    assert registry.verify_audit() == []


def test_refusals_of_one_kind_hide_none_of_another_and_a_clock_set_back_hides_none() -> None:
    refusals = Refusals()
    for _ in range(REFUSALS_AN_HOUR + 3):
        refusals.admit("forged", 1e6)
    assert refusals.admit("forged", 1e6) is None
    assert refusals.admit("expired", 1e6) == 0
    assert refusals.admit("forged", 1e6 - 1.0) == 4


def test_nobody_is_called_everybody(registry: Registry) -> None:
    for name in ("everybody", "Everybody"):
        with pytest.raises(RegistryError, match="stands for all people"):
            registry.add_wearer(name, "Ann", by="test")


def test_what_strangers_are_refused_hides_nothing_that_somebody_known_is_refused() -> None:
    refusals = Refusals()
    strangers = [refusals.admit("request", 0.0, by="the board") for _ in range(1000)]
    assert strangers.count(0) == REFUSALS_AN_HOUR
    assert refusals.admit("request", 0.0, by="Jo") == 0
