"""Who wears a band, and what is taken for it: nothing is entered that somebody did not say."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.forms import Form
from console.pairing.fit import Fit, Mend
from console.support.correct_pages import missing_in, moment_in
from console.support.fits import checks_of
from console.support.naming import naming_of
from console.support.near_rows import trace
from console.support.office import Person
from ingest.registry.stretches import Held
from tests.console.house import NOW_S

LONDON = ZoneInfo("Europe/London")
ANN = Person(wearer="w-1", name="Ann", band="old", agreed=True)
BO = Person(wearer="w-2", name="Bo", band=None, agreed=False)


def form(**fields: str) -> Form:
    return Form({name: [value] for name, value in fields.items() if value})


def read(held: Held = Held(), **fields: str):  # type: ignore[no-untyped-def] # noqa: ANN201, B008
    return naming_of([ANN, BO], held, name={"w-1": "Ann", "w-2": "Bo"}.__getitem__).read(
        form(**fields), now_s=NOW_S, new="w-new"
    )


def test_whoever_wears_nothing_is_offered_first_and_what_is_given_up_is_said() -> None:
    naming = naming_of([ANN, BO], Held(), name={"w-1": "Ann", "w-2": "Bo"}.__getitem__, chosen="w-1")
    assert [(each.name, each.gives_up) for each in naming.choices] == [("Bo", ""), ("Ann", "old")]
    assert naming.chosen == "w-1|old"


def test_somebody_who_is_known_and_agreed_needs_nothing_more() -> None:
    wanted, errors = read(who="w-1|old", hours="12")
    assert errors == {}
    wearer, held, wish = wanted
    assert (wearer, held) == ("w-1", Held(None, "old"))
    assert (wish.until_s, wish.name, wish.consent_by) == (NOW_S + 12 * 3600, None, None)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, {"who"}),
        ({"who": "w-9|"}, {"who"}),
        ({"who": "w-1|another"}, {"who"}),
        ({"who": "+"}, {"name", "consent_by"}),
        ({"who": "+", "name": "Cy"}, {"consent_by"}),
        ({"who": "w-2|"}, {"consent_by"}),
        ({"who": "w-1|old", "hours": "9"}, {"hours"}),
    ],
)
def test_what_is_missing_is_said_beside_its_field(fields: dict[str, str], wrong: set[str]) -> None:
    wanted, errors = read(**fields)
    assert wanted is None
    assert set(errors) == wrong


def test_a_band_is_taken_from_somebody_only_where_that_is_ticked() -> None:
    assert set(read(Held("w-1", None), who="w-2|", consent_by="Ida, mother")[1]) == {"take"}
    wanted, _ = read(Held("w-1", None), who="w-2|", consent_by="Ida, mother", take="yes")
    assert wanted[1] == Held("w-1", None)
    assert read(Held("w-1", None), who="w-1|old")[1] == {}, "it is theirs already"


def test_somebody_new_comes_with_a_name_a_consent_and_carers() -> None:
    wearer, held, wish = read(who="+", name="Cy <b>", consent_by="Ida, mother", carers="Jo, ,Maryam ")[0]
    assert (wearer, held) == ("w-new", Held())
    assert (wish.name, wish.consent_by, wish.carers) == ("Cy <b>", "Ida, mother", ("Jo", "Maryam"))


@pytest.mark.parametrize("name", ["Ann", " ann ", "Anna", "ANN"])
def test_before_a_second_person_is_made_of_a_known_name_it_is_asked_whether_it_is_the_same(name: str) -> None:
    told = {"who": "+", "name": name, "consent_by": "Ida, mother"}
    wanted, errors = read(**told)
    assert (wanted, errors) == (None, {"same": "Is this the same person? Ann is known here already."})
    wearer, held, wish = read(**told, same="w-1|old")[0]
    assert (wearer, held, wish.name) == ("w-1", Held(None, "old"), None), "it was Ann: nobody new"
    wearer, _, wish = read(**told, same=f"+{name.strip()}")[0]
    assert (wearer, wish.name) == ("w-new", name.strip()), "somebody else of that name"


def test_what_was_said_of_one_name_is_not_said_of_another() -> None:
    wanted, errors = read(who="+", name="Bo", consent_by="Ida, mother", same="+Ann")
    assert (wanted, set(errors)) == (None, {"same"})
    assert read(who="+", name="Cy", consent_by="Ida, mother", same="+Ann")[1] == {}
    assert set(read(who="+", name="Ann", consent_by="Ida, mother", same="w-9|")[1]) == {"same"}
    assert read(who="+", name="Cy", consent_by="Ida, mother", same="w-1|old")[0][0] == "w-new", "no longer of Ann"


def test_who_is_meant_after_all_needs_what_they_lack() -> None:
    assert set(read(who="+", name="Bo", same="w-2|")[1]) == {"consent_by"}
    assert read(who="+", name="", consent_by="Ida, mother")[1].keys() == {"name"}


def test_nothing_of_a_fit_is_well_before_it_is_known_to_be() -> None:
    known = ("skin contact", "pulse", "sweat")
    assert {row.verdict for row in checks_of(None)} == {"unknown"}
    assert {row.verdict for row in checks_of(Fit(Mend.CANNOT_TELL, 3, known, final=False))} == {"unknown"}
    assert {row.verdict for row in checks_of(Fit(Mend.FINE, 9, known, final=True))} == {"well"}
    dry = checks_of(Fit(Mend.DRY, 15, known, final=True))
    assert [row.verdict for row in dry] == ["well", "well", "well", "mend"]
    assert "drop of water" in dry[-1].words
    off = checks_of(Fit(Mend.NOT_ON_SKIN, 15, known, final=True))
    assert [row.verdict for row in off] == ["mend", "unknown", "unknown", "unknown"]


@given(st.text(max_size=30))
def test_whatever_is_written_as_a_time_is_a_moment_or_is_refused(text: str) -> None:
    moment = moment_in(text, LONDON)
    assert moment is None or moment > 0


def test_a_correction_says_what_is_missing_and_is_of_the_past() -> None:
    assert set(missing_in(form(), LONDON, NOW_S)) == {"since", "who"}
    past, coming = "2025-11-19T14:00", "2025-11-19T15:00"
    assert missing_in(form(who="nobody", since=past), LONDON, NOW_S) == {}
    assert set(missing_in(form(who="nobody", since=coming), LONDON, NOW_S)) == {"since"}
    assert set(missing_in(form(who="wearer", since=past, until="2025-11-19T13:00"), LONDON, NOW_S)) == {
        "until",
        "wearer",
    }
    assert set(missing_in(form(who="exchange", since=past), LONDON, NOW_S)) == {"exchange"}


@given(st.lists(st.floats(0, 50) | st.just(float("nan")), min_size=1, max_size=24))
def test_a_trace_is_drawn_inside_its_frame_and_broken_where_nothing_is_known(moved: list[float]) -> None:
    path = trace(moved)
    numbers = [float(each) for each in path.replace("M", " ").replace("L", " ").split()]
    assert "nan" not in path
    assert all(0 <= y <= 30 for y in numbers[1::2])
    assert len(numbers) == 2 * sum(each == each for each in moved)
