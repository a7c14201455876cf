"""Whoever is chosen watches; where nobody may, or knows anybody yet, the training-free detector does."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.desk import Desk
from alerts.journal import Scratch
from alerts.policy import Policy
from alerts.situation_events import AlertRaised
from forecalm.installation import Installation
from forecalm.live import Live, load_learnt, save_learnt
from forecalm.pipeline import Pipeline, Step
from forecalm.rescoring.lived import Person
from forecalm.watching.champion import choose
from forecalm.watching.deciding import Deciding
from forecalm.watching.foretold import Foretold, minutes_of
from forecalm.watching.watchers import ALONE, Choice, Model, Watchers
from ingest.received import Received
from models.arousal import DRIVERS, Arousal
from models.drift.summary import TrainingSummary
from models.errors import ShelfError
from models.evaluation.alarm_rule import AlarmRule
from models.risk import Abstention, Array, Risk, Rows
from models.shelf.pointers import Pointers, Unrehearsed
from models.shelf.shelf import Shelf
from signals.types import Signals

pytestmark = pytest.mark.long

SIGNED = Unrehearsed(signed_by="Ada", because="a test")
ROW = np.zeros(1, np.intp)


class Made:
    """A live model that says of each second what it is told to: a probability, or an abstention."""

    driver_names = ("base", "pulse", "moonlight")

    def __init__(self, rows: int, say: Callable[[int], float | Abstention]) -> None:
        self.seen, self._say = np.zeros(rows), say

    def push(self, start_s: NDArray[np.int64], features: Array, *, rows: Rows | None = None) -> Risk:
        chosen = np.arange(len(self.seen)) if rows is None else rows
        k, n = features.shape[:2]
        probability, abstention = np.full((k, n), np.nan), np.zeros((k, n), np.int8)
        for i, row in enumerate(chosen):
            for second in range(n):
                said = self._say(int(self.seen[row]))
                self.seen[row] += 1
                if isinstance(said, Abstention):
                    abstention[i, second] = said
                else:
                    probability[i, second] = said
        drivers = np.where(np.isnan(probability)[..., None], np.nan, np.ones((k, n, 3)))
        return Risk(start_s, probability, abstention, drivers, np.ones((k, n)), probability.copy(), probability.copy())

    def snapshot(self) -> Mapping[str, NDArray[np.generic]]:
        return {"seen": self.seen.copy()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.seen[...] = arrays["seen"]


def made(say: Callable[[int], float | Abstention], name: str = "made") -> Model:
    return Model(name, "0" * 64, lambda people: Made(max(len(people), 1), say))


def pushed(signals: Signals, choice: Choice) -> tuple[Watchers, Any]:
    watchers = Watchers(["w-01"], choice)
    return watchers, watchers.push(signals.start_s, signals.features, rows=ROW)


def pipeline(began_s: float, choice: Choice, *wearers: str) -> tuple[Pipeline, Desk, Scratch]:
    journal = Scratch()
    desk = Desk(wearers=wearers, policy=Policy(), journal=journal, started_s=began_s)
    return Pipeline(wearers=wearers, desk=desk, choice=choice), desk, journal


def lived(received: Sequence[Received], one: Pipeline, wearer: str = "w-01") -> list[Step]:
    steps = []
    for each in received:
        one.receive(wearer, each)
        steps += one.advance(each.received_s)
    return steps


def same(a: Risk, b: Risk) -> None:
    for name in ("probability", "abstention", "drivers", "learnt", "low", "high"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_with_nobody_chosen_the_training_free_detector_says_what_it_always_said(signals: Signals) -> None:
    watchers, watched = pushed(signals, ALONE)
    same(watched.risk, Arousal(rows=1).push(signals.start_s, signals.features))
    assert watchers.driver_names == DRIVERS
    assert not watched.is_champions.any()
    assert watchers.state.watches == "arousal"


def with_rule(model: Model, **numbers: float) -> Model:
    """The model, as if its manifest held that alarm rule."""
    summary = TrainingSummary(moments=1, people=1, prevalence=0.02, inputs={})
    manifest: Any = SimpleNamespace(rule=AlarmRule(**numbers), training=summary)
    return replace(model, manifest=manifest)


def test_a_model_is_watched_by_its_own_rule_and_the_stand_in_by_the_desks(received: list[Received]) -> None:
    """Rare events: its 0.3 is high, which the desk's own rules would never hear."""
    rare = made(lambda second: 0.3 if second > 60 else Abstention.LEARNING)
    ruled = with_rule(rare, enter=0.2, leave=0.1, hold_s=20.0)
    for model, raised in ((rare, []), (ruled, ["rule of made-000000000000"])):
        one, desk, journal = pipeline(received[0].received_s, Choice(champion=model, chosen="made"), "w-01")
        lived(received[:150], one)
        assert [each.policy for each in journal.history if isinstance(each, AlertRaised)] == raised
        assert desk.policy_of("w-01").enter == (0.2 if raised else Policy().enter)
    one, desk, _ = pipeline(received[0].received_s, Choice(champion=ruled, chosen="made"), "w-01")
    lived(received[:30], one)  # it does not know them yet: the training-free detector stands in
    assert desk.policy_of("w-01") == Policy()


def test_an_open_alert_outlives_a_change_of_models_and_rules(received: list[Received]) -> None:
    model = with_rule(made(lambda _: 0.3), enter=0.2, leave=0.1)
    one, desk, _ = pipeline(received[0].received_s, Choice(champion=model, chosen="made"), "w-01")
    lived(received[:120], one)
    (before,) = desk.views()
    assert before.alert is not None
    one.use(ALONE)
    lived(received[120:240], one)
    (after,) = desk.views()
    assert (after.alert, after.risk) == (before.alert, before.risk)
    assert desk.policy_of("w-01") == Policy()


def test_somebodys_own_level_holds_for_the_model_it_was_chosen_for_alone(
    received: list[Received], caplog: pytest.LogCaptureFixture
) -> None:
    model = with_rule(made(lambda _: 0.3), enter=0.2, leave=0.1)
    assert model.policy is not None
    level = replace(model.policy, enter=0.5, version="level-1", of=model.policy.version)
    one, desk, journal = pipeline(received[0].received_s, Choice(champion=model, chosen="made"), "w-01")
    desk.use({"w-01": level})
    lived(received[:200], one)
    assert desk.policy_of("w-01") == level
    assert not any(isinstance(each, AlertRaised) for each in journal.history)
    other = with_rule(made(lambda _: 0.3, "other"), enter=0.25, leave=0.1)
    one.use(Choice(champion=other, chosen="other"))
    lived(received[200:320], one)
    assert desk.policy_of("w-01") == other.policy
    assert [each.policy for each in journal.history if isinstance(each, AlertRaised)] == ["rule of other-000000000000"]
    assert "chosen for another model" in caplog.text


def test_the_champions_word_counts_and_its_reasons_go_with_it(signals: Signals) -> None:
    watchers, watched = pushed(signals, Choice(champion=made(lambda _: 0.25), chosen="made"))
    assert (watched.risk.probability == 0.25).all()
    assert watched.is_champions.all()
    assert watchers.driver_names == (*DRIVERS, "moonlight")
    named = dict(zip(watchers.driver_names, watched.risk.drivers[0, 0], strict=True))
    assert {name for name, weight in named.items() if weight} == {"base", "pulse", "moonlight"}
    assert watchers.state.watches == "made"


def test_until_the_champion_knows_somebody_the_training_free_detector_stands_in(signals: Signals) -> None:
    n = signals.features.shape[1]

    def say(second: int) -> float | Abstention:
        return Abstention.LEARNING if second < n - 100 else 0.25

    watchers, watched = pushed(signals, Choice(champion=made(say), chosen="made"))
    free = Arousal(rows=1).push(signals.start_s, signals.features)
    assert np.isfinite(free.probability[0, : n - 100]).any()
    np.testing.assert_array_equal(watched.risk.probability[0, : n - 100], free.probability[0, : n - 100])
    np.testing.assert_array_equal(watched.risk.drivers[0, : n - 100, : len(DRIVERS)], free.drivers[0, : n - 100])
    assert (watched.risk.probability[0, n - 100 :] == 0.25).all()
    np.testing.assert_array_equal(watched.is_champions[0], np.arange(n) >= n - 100)
    assert watchers.state.watches == "made"


def test_out_of_its_range_a_champion_says_nothing_and_after_a_minute_the_stand_in_decides(signals: Signals) -> None:
    _, watched = pushed(signals, Choice(champion=made(lambda _: Abstention.OUT_OF_RANGE), chosen="made"))
    before = slice(None, 59)
    assert (watched.risk.abstention[0, before] == Abstention.OUT_OF_RANGE).all()
    assert watched.is_champions[0, before].all()
    free = Arousal(rows=1).push(signals.start_s, signals.features)
    np.testing.assert_array_equal(watched.risk.probability[0, 59:], free.probability[0, 59:])
    assert not watched.is_champions[0, 59:].any()
    assert watched.outside[0, 59:].all()
    assert not watched.outside[0, before].any()


def test_whom_the_champion_calls_calm_for_long_and_the_stand_in_does_not_is_known(signals: Signals) -> None:
    k, n = signals.features.shape[:2]
    said = Arousal(rows=1).push(signals.start_s, signals.features)
    known, nothing = np.zeros((k, n), np.int8), np.full((k, n), np.nan)
    high, low = (
        replace(said, probability=np.full((k, n), level), abstention=known, low=nothing, high=nothing)
        for level in (0.8, 0.1)
    )
    deciding = Deciding(rows=1, policy=None)
    deciding.push(high, low, rows=ROW)
    assert deciding.disputed_s.tolist() == [float(n)]
    deciding.push(replace(low, start_s=low.start_s + n), low, rows=ROW)
    assert deciding.disputed_s.tolist() == [0.0]
    watchers, _ = pushed(signals, Choice(champion=made(lambda _: 0.1), chosen="made"))
    assert watchers.disputed_s.shape == (1,)


@pytest.mark.parametrize("why", [Abstention.POOR_SIGNAL, Abstention.NOT_WORN])
def test_where_the_champion_abstains_for_any_other_reason_nobody_guesses(signals: Signals, why: Abstention) -> None:
    _, watched = pushed(signals, Choice(champion=made(lambda _: why), chosen="made"))
    assert np.isnan(watched.risk.probability).all()
    assert (watched.risk.abstention == why).all()


def broken(kind: str) -> Callable[[int], float | Abstention]:
    def say(second: int) -> float | Abstention:
        if second < 60:
            return 0.25
        if kind == "raises":
            raise ZeroDivisionError("of its own")
        return {"above 1": 1.5, "NaN": float("nan"), "odd": 0.5}[kind]

    return say


@pytest.mark.parametrize("kind", ["raises", "above 1", "NaN"])
def test_a_champion_that_fails_is_told_and_the_training_free_detector_goes_on_as_if_it_had_never_been(
    signals: Signals, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    watchers = Watchers(["w-01"], Choice(champion=made(broken(kind)), chosen="made"))
    said = [
        watchers.push(signals.start_s + i, signals.features[:, i : i + 1], rows=ROW)
        for i in range(signals.features.shape[1])
    ]
    free = Arousal(rows=1).push(signals.start_s, signals.features)
    after = np.concatenate([each.risk.probability for each in said], axis=1)
    assert (after[0, :60] == 0.25).all()
    np.testing.assert_array_equal(after[0, 60:], free.probability[0, 60:])
    assert {each.risk.drivers.shape[-1] for each in said} == {len(watchers.driver_names)}
    assert watchers.state.watches == "arousal"
    assert watchers.state.chosen == "made"
    assert "'made' has failed" in watchers.state.faults[0]
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


def test_a_model_that_cannot_be_begun_leaves_the_others_alone(signals: Signals) -> None:
    def build(people: Sequence[str]) -> Made:
        raise MemoryError

    choice = Choice(champion=Model("large", "0" * 64, build), shadow=made(lambda _: 0.5), chosen="large")
    watchers, _ = pushed(signals, choice)
    assert watchers.state.watches == "arousal"
    assert watchers.state.shadow == "made"
    assert watchers.look_on(signals.start_s, signals.features, rows=ROW) is not None


def test_a_shadow_sees_the_same_seconds_and_changes_nothing(received: list[Received]) -> None:
    some, began_s = received[:700], received[0].received_s
    without, desk, journal = pipeline(began_s, ALONE, "w-01")
    with_, other, and_journal = pipeline(began_s, Choice(shadow=made(lambda _: 0.99)), "w-01")
    for one, two in zip(lived(some, without), lived(some, with_), strict=True):
        same(one.risk, two.risk)
        assert one.shadow is None
        assert two.shadow is not None
        assert (two.shadow.probability == 0.99).all()
    assert desk.views() == other.views()
    assert journal.history == and_journal.history


def test_a_shadow_that_fails_runs_no_more_and_nobody_is_disturbed(signals: Signals) -> None:
    watchers, _ = pushed(signals, Choice(shadow=made(broken("raises"))))
    assert watchers.look_on(signals.start_s, signals.features, rows=ROW) is None
    assert watchers.state.shadow == ""
    assert watchers.state.watches == "arousal"
    same(
        watchers.push(signals.start_s + 5000, signals.features, rows=ROW).risk,
        again(signals),
    )


def again(signals: Signals) -> Risk:
    free = Arousal(rows=1)
    free.push(signals.start_s, signals.features)
    return free.push(signals.start_s + 5000, signals.features)


def test_an_alert_says_which_model_raised_it(received: list[Received]) -> None:
    one, desk, journal = pipeline(received[0].received_s, Choice(champion=made(lambda _: 0.95), chosen="made"), "w-01")
    lived(received[:60], one)
    raised = [event for event in journal.history if isinstance(event, AlertRaised)]
    assert [event.model for event in raised] == ["made"]
    (view,) = desk.views()
    assert view.alert is not None
    assert view.alert.model == "made"


def test_what_was_learnt_of_each_model_is_kept_apart_and_is_nobody_elses(received: list[Received]) -> None:
    began_s, choice = received[0].received_s, Choice(made(lambda _: 0.25, "a"), made(lambda _: 0.5, "b"), "a")
    one, *_ = pipeline(began_s, choice, "w-01")
    lived(received[:30], one)
    learnt = one.learnt()
    assert learnt["of.a-000000000000.seen"].shape == learnt["of.b-000000000000.seen"].shape == (1,)
    seconds = float(learnt["of.a-000000000000.seen"][0])
    assert seconds > 20
    two, *_ = pipeline(began_s, replace(choice, shadow=None), "w-00", "w-01")
    assert two.learn(learnt) == []
    assert two.learnt()["of.a-000000000000.seen"].tolist() == [0.0, seconds]
    alone, *_ = pipeline(began_s, ALONE, "w-01")
    assert alone.learn(learnt) == []
    np.testing.assert_array_equal(alone.learnt()["usual"], learnt["usual"])


def test_another_choice_forgets_nothing_of_who_goes_on(received: list[Received]) -> None:
    shadow = made(lambda _: 0.5, "b")
    one, *_ = pipeline(received[0].received_s, Choice(shadow=shadow), "w-01")
    lived(received[:300], one)
    before = one.learnt()
    assert one.use(Choice(champion=shadow, chosen="b")) == []
    after = one.learnt()
    for name in ("usual", "next_s", "of.b-000000000000.seen"):
        np.testing.assert_array_equal(after[name], before[name])
    assert one.models.watches == "b"
    assert one.use(ALONE) == []
    np.testing.assert_array_equal(one.learnt()["usual"], before["usual"])
    one.watch("w-02")
    assert one.models.watches == "arousal"


def test_a_model_off_the_shelf_watches_and_its_inputs_are_counted(here: Installation, received: list[Received]) -> None:
    Pointers(Shelf(here.models)).promote("first", by="Ada", evidence=SIGNED, at_s=1.0)
    Pointers(Shelf(here.models)).shadow("second", by="Ada", at_s=2.0)
    choice = choose(here.models)
    assert choice.faults == ()
    one, *_ = pipeline(received[0].received_s, choice, "w-01")
    foretold = Foretold(here.folder / "foretold", one)
    for step in lived(received[:300], one):
        foretold.write(step)
    foretold.close()
    assert choice.champion is not None
    counts = one.learnt()[f"drift.{choice.champion.key}.counts"]
    assert np.asarray(counts, np.float64).sum() > 0
    assert one.shifted() == ()
    minutes = list(minutes_of(here.folder / "foretold"))
    assert 4 <= len(minutes) <= 7
    assert {minute.wearer for minute in minutes} == {"w-01"}
    assert sum(minute.seconds for minute in minutes) >= 290
    assert {minute.told.model for minute in minutes} == {"first"}
    assert {minute.shadow.model for minute in minutes if minute.shadow} == {"second"}


def test_a_champion_that_was_tampered_with_is_told_and_watching_goes_on(
    here: Installation, received: list[Received]
) -> None:
    Pointers(Shelf(here.models)).promote("first", by="Ada", evidence=SIGNED, at_s=1.0)
    path = here.models / "first" / "model.skops"
    path.write_bytes(path.read_bytes()[:-1])
    choice = choose(here.models)
    assert choice.champion is None
    assert "'first': model.skops" in choice.faults[0]
    one, desk, _ = pipeline(received[0].received_s, choice, "w-01")
    lived(received[:300], one)
    assert one.models.chosen == "first"
    assert one.models.watches == "arousal"
    assert desk.views()[0].sight.reason is not None


def test_another_model_of_the_same_name_is_not_the_one_that_was_chosen(here: Installation) -> None:
    pointers = Pointers(Shelf(here.models))
    pointers.promote("first", by="Ada", evidence=SIGNED, at_s=1.0)
    said = pointers.path.read_bytes()
    pointers.path.write_bytes(said.replace(Shelf(here.models).look("first")[1].encode(), b"0" * 64))
    assert "not the one that was chosen" in choose(here.models).faults[0]


@pytest.mark.usefixtures("patient")
def test_the_engine_takes_another_model_from_any_thread_while_it_runs(tmp_path: Path, received: list[Received]) -> None:
    one, *_ = pipeline(received[0].received_s, ALONE, "w-01")
    failed = threading.Event()
    live = Live(one, learnt=tmp_path / "learnt.npz", clock=lambda: received[59].received_s, on_failure=failed.set)
    live.start()
    live.use(Choice(champion=made(lambda _: 0.95), chosen="made"))
    live.receive([(each, "w-01") for each in received[:60]])
    live.stop()
    assert not failed.is_set()
    assert one.models.watches == "made"
    with np.load(tmp_path / "learnt.npz") as arrays:
        assert arrays["of.made-000000000000.seen"] > 50


class Past:
    """As much of ``Readings`` as scoring anew asks for."""

    def __init__(self, received: list[Received]) -> None:
        self._received = received

    def packets(self, *_: object, **__: object) -> list[tuple[SimpleNamespace, Received]]:
        return [(SimpleNamespace(imported=False), each) for each in self._received]


def test_whoever_is_scored_anew_is_scored_by_the_model_that_watches(received: list[Received], tmp_path: Path) -> None:
    choice = Choice(champion=made(lambda _: 0.95), chosen="made")
    readings: Any = Past(received[:120])
    began_s = received[0].received_s
    person = Person(readings, "w-01", begun_s=began_s, choice=choice)
    decided, alerts = person.live(began_s, received[119].received_s)
    assert {float(each.probability[0]) for each in decided} == {0.95}
    assert [alert.model for alert in alerts][:1] == ["made"]
    save_learnt(person.pipeline, tmp_path / "w-01.npz")
    one, *_ = pipeline(began_s, choice, "w-01", "w-02")
    load_learnt(one, tmp_path / "w-01.npz")
    seen = one.learnt()["of.made-000000000000.seen"].tolist()
    assert seen[0] >= 119
    assert seen[1] == 0


def test_pointers_that_cannot_be_read_leave_the_training_free_detector(here: Installation) -> None:
    (here.models / "pointers.jsonl").write_text("[]\n")
    choice = choose(here.models)
    assert choice.champion is None
    assert "which model should watch is not known" in choice.faults[0]
    with pytest.raises(ShelfError):
        Pointers(Shelf(here.models)).standing()


def test_a_champion_whose_person_was_erased_is_withdrawn_and_not_run(here: Installation) -> None:
    from forecalm.erasure.parts import Models

    Pointers(Shelf(here.models)).promote("first", by="Ada", evidence=SIGNED, at_s=1.0)
    Models(here).erase("w-01", "2026-05-06")
    choice = choose(here.models)
    assert choice.champion is None
    assert choice.chosen == "first"
    assert "'first' was withdrawn: somebody whom it may have been trained on was erased" in choice.faults[0]
    assert Watchers(["w-02"], choice).state.watches == "arousal"


def test_what_was_foretold_of_somebody_goes_with_them(here: Installation) -> None:
    from forecalm.erasure.parts import Foretold as Part

    folder = here.folder / "foretold"
    folder.mkdir()
    line = '{"at_s":60,"wearer":"%s","seconds":1,"own":0,"told":{"model":"a","known":0,"mean":null,"highest":null}}\n'
    (folder / "2026-05-06.jsonl").write_text(line % "w-01" + line % "w-02" + '{"torn')
    part = Part(here)
    assert [trace.count for trace in part.traces("w-01")] == [2]
    part.erase("w-01", "2026-05-07")
    assert [minute.wearer for minute in minutes_of(folder)] == ["w-02"]
    assert b"w-01" not in (folder / "2026-05-06.jsonl").read_bytes()
    assert list(part.traces("w-01")) == []
