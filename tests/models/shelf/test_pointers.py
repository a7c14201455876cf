"""Which model watches follows from what was done, in order; nothing is promoted without evidence, all can be undone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models.errors import ShelfError
from models.shelf.manifest import MANIFEST, About
from models.shelf.pointers import (
    Line,
    Pointer,
    Pointers,
    Promoted,
    Rehearsal,
    RolledBack,
    Shadowed,
    Standing,
    Unrehearsed,
    Withdrawn,
    fold,
)
from models.shelf.shelf import Shelf

SIGNED = Unrehearsed(signed_by="Ada", because="nothing is recorded yet to rehearse on")


@pytest.fixture
def shelf(tmp_path: Path, fitted: LogisticRegression, known: About) -> Shelf:
    shelf = Shelf(tmp_path / "models")
    for name in ("first", "second"):
        shelf.keep(name, fitted, known)
    return shelf


@pytest.fixture
def pointers(shelf: Shelf) -> Pointers:
    return Pointers(shelf)


def rehearsed(digest: str, **changed: object) -> Rehearsal:
    passed = Rehearsal(
        model_digest=digest, champion="arousal", passed=True, worse_for=0, report="r.json", report_digest="00"
    )
    return msgspec.structs.replace(passed, **changed)


def promote(pointers: Pointers, name: str, at_s: float = 1.0) -> None:
    pointers.promote(name, by="Ada", evidence=SIGNED, at_s=at_s)


def test_at_first_the_training_free_detector_watches(pointers: Pointers) -> None:
    assert pointers.standing() == Standing()
    assert pointers.standing().before == "arousal"


def test_roll_back_is_one_step_to_the_one_before_and_at_last_to_the_training_free(pointers: Pointers) -> None:
    promote(pointers, "first")
    promote(pointers, "second", 2.0)
    champion = pointers.standing().champion
    assert champion is not None
    assert champion.name == "second"
    assert pointers.roll_back(by="Bo", why="too many alerts", at_s=3.0).to == "first"
    assert pointers.roll_back(by="Bo", why="still", at_s=4.0).to == "arousal"
    assert pointers.standing().champion is None
    with pytest.raises(ShelfError, match="nothing before it"):
        pointers.roll_back(by="Bo", why="", at_s=5.0)
    done = pointers.standing().history
    assert [type(line) for line in done] == [Promoted, Promoted, RolledBack, RolledBack]
    assert done[2] == RolledBack(at_s=3.0, by="Bo", why="too many alerts", model="second", to="first")


def test_the_digest_of_what_was_promoted_is_noted(pointers: Pointers, shelf: Shelf) -> None:
    promote(pointers, "first")
    assert pointers.standing().champion == Pointer("first", shelf.look("first")[1])


def test_a_shadow_ends_when_it_becomes_champion_or_somebody_says_so(pointers: Pointers) -> None:
    pointers.shadow("first", by="Ada", at_s=1.0)
    assert pointers.standing().shadow is not None
    promote(pointers, "first")
    assert pointers.standing().shadow is None
    with pytest.raises(ShelfError, match="own shadow"):
        pointers.shadow("first", by="Ada", at_s=2.0)
    pointers.shadow("second", by="Ada", at_s=3.0)
    pointers.shadow(None, by="Ada", at_s=4.0)
    assert pointers.standing().shadow is None
    with pytest.raises(ShelfError, match="nothing to end"):
        pointers.shadow(None, by="Ada", at_s=5.0)


def test_what_was_withdrawn_is_not_gone_back_to(pointers: Pointers) -> None:
    promote(pointers, "first")
    promote(pointers, "second", 2.0)
    pointers.withdraw("first", by="Ada", why="a mistake in its labels", at_s=3.0)
    assert pointers.standing().before == "arousal"
    with pytest.raises(ShelfError, match="nothing to withdraw"):
        pointers.withdraw("first", by="Ada", why="", at_s=4.0)


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (lambda _: Unrehearsed(signed_by="Ada", because=" "), "because of what"),
        (lambda _: Unrehearsed(signed_by="", because="in a hurry"), "who answers"),
        (lambda _: Unrehearsed(signed_by="Ada", because="\u200b"), "because of what"),
        (lambda _: Unrehearsed(signed_by="\u3164", because="in a hurry"), "who answers"),
        (lambda _: rehearsed("another"), "of another model"),
        (lambda digest: rehearsed(digest, passed=False, worse_for=2), "worse for 2"),
        (lambda digest: rehearsed(digest, passed=False, worse_for=2, signed_by="Ada"), "worse for 2"),
    ],
)
def test_without_evidence_nothing_is_promoted(
    pointers: Pointers, shelf: Shelf, evidence: Callable[[str], Rehearsal | Unrehearsed], told: str
) -> None:
    with pytest.raises(ShelfError, match=told):
        pointers.promote("first", by="Ada", evidence=evidence(shelf.look("first")[1]), at_s=1.0)
    assert not pointers.path.exists()


def test_a_rehearsal_that_passed_or_that_somebody_signed_promotes(pointers: Pointers, shelf: Shelf) -> None:
    pointers.promote("first", by="Ada", evidence=rehearsed(shelf.look("first")[1]), at_s=1.0)
    signed = rehearsed(shelf.look("second")[1], passed=False, worse_for=1, signed_by="Ada", because="w-3 has left")
    pointers.promote("second", by="Bo", evidence=signed, at_s=2.0)
    last = pointers.standing().history[-1]
    assert isinstance(last, Promoted)
    assert last.evidence == signed


def test_a_model_that_cannot_be_believed_is_not_promoted(pointers: Pointers, shelf: Shelf) -> None:
    path = shelf.folder / "first" / MANIFEST
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ShelfError, match="not as it was written"):
        promote(pointers, "first")
    with pytest.raises(ShelfError, match="'third' is not on the shelf"):
        pointers.shadow("third", by="Ada", at_s=1.0)
    for nobody in (" ", "\u3164", "."):
        with pytest.raises(ShelfError, match="gives a name"):
            pointers.promote("second", by=nobody, evidence=SIGNED, at_s=1.0)
    assert pointers.standing() == Standing()


def test_a_torn_last_line_counts_for_nothing_and_is_written_over(pointers: Pointers) -> None:
    promote(pointers, "first")
    whole = pointers.path.read_bytes()
    pointers.path.write_bytes(whole + whole[:20])
    assert len(pointers.standing().history) == 1
    promote(pointers, "second", 2.0)
    assert [line.at_s for line in pointers.standing().history] == [1.0, 2.0]


def test_a_line_that_cannot_be_read_makes_the_file_one_that_cannot_be_believed(pointers: Pointers) -> None:
    promote(pointers, "first")
    pointers.path.write_bytes(b"{}\n" + pointers.path.read_bytes())
    with pytest.raises(ShelfError, match=r"line 1 .*which model should watch is not known"):
        pointers.standing()


NAMES = st.sampled_from(["a", "b", "c"])
LINES = st.lists(
    st.one_of(
        NAMES.map(lambda name: Promoted(at_s=0, by="x", model=name, digest=name, evidence=SIGNED)),
        NAMES.map(lambda name: Shadowed(at_s=0, by="x", model=name, digest=name)),
        NAMES.map(lambda name: Withdrawn(at_s=0, by="x", model=name)),
        st.just(RolledBack(at_s=0, by="x", model="", to="")),
    ),
    max_size=12,
)


@given(lines=LINES, name=NAMES)
def test_withdrawing_takes_out_one_model_whatever_was_done_before(lines: list[Line], name: str) -> None:
    before, after = fold(lines), fold([*lines, Withdrawn(at_s=1, by="x", model=name)])
    assert after.champions == tuple(each for each in before.champions if each.name != name)
    stays = before.shadow not in (Pointer(name, name), after.champion)
    assert after.shadow == (before.shadow if stays else None)


@given(lines=LINES)
def test_nothing_is_ever_in_its_own_shadow(lines: list[Line]) -> None:
    """One live model would be pushed every second twice."""
    standing = fold(lines)
    assert standing.champion is None or standing.shadow != standing.champion


def test_a_shadow_that_a_roll_back_makes_champion_is_in_shadow_no_more(pointers: Pointers) -> None:
    promote(pointers, "first")
    promote(pointers, "second", 2.0)
    pointers.shadow("first", by="Ada", at_s=3.0)
    pointers.roll_back(by="Bo", why="too many alerts", at_s=4.0)
    standing = pointers.standing()
    assert standing.champion is not None
    assert standing.champion.name == "first"
    assert standing.shadow is None


@given(lines=LINES, name=NAMES)
def test_a_roll_back_undoes_the_promotion_of_a_new_model(lines: list[Line], name: str) -> None:
    before = fold([*lines, Withdrawn(at_s=1, by="x", model=name)])
    promoted = Promoted(at_s=2, by="x", model=name, digest=name, evidence=SIGNED)
    after = fold([*before.history, promoted, RolledBack(at_s=3, by="x", model=name, to=before.before)])
    assert replace(after, history=()) == replace(before, history=())
