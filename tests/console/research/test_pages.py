"""Researchers' pages: labels, names, sites, and what is wrong with what was typed."""

import html
import re
from typing import Any

import numpy as np
import pytest

from console.access.asker import EVERYWHERE
from console.research.moments import NoMoment, moment_of, typed
from console.research.office import Budget, Level, Working
from ingest.registry.consents import Scope
from tests.console.research.lab import CARER, NAME, NOW_S, START_S, ZONE, Lab, recording, researcher

ROOMS = ("/research", "/research/exports", "/research/models", "/research/budgets", "/research/budgets/w-01")
LABEL = {"what": "incident", "onset": "10:00:30", "end": "10:01:00", "unsure": "8", "note": "", "act": "add"}


def seen(text: str) -> str:
    """What a reader of a page has before them."""
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


def test_a_page_of_thousands_of_digits_is_the_first_one_and_no_fault(lab: Lab) -> None:
    lab.keep(recording(120))
    asked = lab.get(f"/research?page={'9' * 5000}")
    assert asked.status_code == 200
    assert "w-01" in seen(asked.text)


def test_a_label_is_given_corrected_and_removed_and_its_history_stays(lab: Lab) -> None:
    page = lab.keep(recording(120))
    assert lab.post(f"{page}/labels", LABEL).status_code == 303
    ((number, label),) = lab.registry.labels("w-01").items()
    assert (label.what, label.start_s, label.end_s, label.rater, label.onset_uncertainty_s) == (
        "incident",
        START_S + 30,
        START_S + 60,
        "Hanna",
        8.0,
    )
    assert "Correct label" in lab.get(f"{page}?label={number}").text
    assert lab.post(f"{page}/labels/{number}", LABEL | {"act": "correct", "onset": "10:00:25"}).status_code == 303
    ((later, label),) = lab.registry.labels("w-01").items()
    assert (label.start_s, later != number) == (START_S + 25, True)
    history = seen(lab.get(f"{page}/labels/{number}").text)
    assert "10:00:30" in history
    assert "10:00:25" in history
    assert lab.post(f"{page}/labels/{later}", {"act": "remove"}).status_code == 303
    assert lab.registry.labels("w-01") == {}
    actions = [entry.action for entry in lab.registry.audit_entries()]
    assert {"add labels", "correct label", "remove label"} <= set(actions)


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"end": "10:00:10"}, "end", "before the onset"),
        ({"onset": "09:59:00"}, "onset", "outside of the recording"),
        ({"end": "10:07:00"}, "end", "outside of the recording"),
        ({"onset": "yesterday"}, "onset", "Write a time"),
        ({"onset": "25:61:00"}, "onset", "no such time"),
        ({"onset": ""}, "onset", "Write a time"),
        ({"unsure": "-1"}, "unsure", "from 0 to 3600"),
        ({"unsure": "nan"}, "unsure", "from 0 to 3600"),
        ({"unsure": "soon"}, "unsure", "from 0 to 3600"),
        ({"level": "1e999"}, "level", "Write a number"),
        ({"what": "", "other": ""}, "what", "Choose one"),
        ({"other": "x" * 300}, "other", "up to 200"),
        ({"other": "note"}, "other", "Carers&#39; notes"),
        ({"note": "x" * 10_001}, "note", "up to 10000"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(
    lab: Lab, wrong: dict[str, str], field: str, says: str
) -> None:
    page = lab.keep(recording(120))
    answer = lab.post(f"{page}/labels", LABEL | wrong)
    assert answer.status_code == 422
    beside = re.search(rf'id="e-{field}">(.*?)</p>', answer.text, re.DOTALL)
    assert beside is not None
    assert says in beside[1]
    assert LABEL["end"] in answer.text or "end" in wrong
    assert lab.registry.labels("w-01") == {}


@pytest.mark.parametrize("note", ["<script>alert(1)</script>", "\N{RIGHT-TO-LEFT OVERRIDE}gnirts", "😀 é ﷽", "=1+1"])
def test_notes_of_any_kind_are_shown_as_text(lab: Lab, note: str) -> None:
    page = lab.keep(recording(120))
    assert lab.post(f"{page}/labels", LABEL | {"note": note, "what": "", "other": "<b>odd</b>"}).status_code == 303
    ((number, label),) = lab.registry.labels("w-01").items()
    assert label.note == note
    for text in (lab.get(f"{page}?label={number}").text, lab.get(f"{page}/labels/{number}").text):
        assert "<script>alert" not in text
        assert "<b>odd" not in text
        assert note in html.unescape(text)


def test_what_carers_note_of_a_day_is_on_no_page_and_in_no_count_and_nobody_changes_it(lab: Lab) -> None:
    page = lab.keep(recording(120))
    number = lab.label("note", 30, 30, "Hanna", note="Aunt Ida came.")
    assert "Aunt Ida" not in lab.get(page).text
    assert lab.get(f"{page}/labels/{number}").status_code == 404
    assert lab.post(f"{page}/labels/{number}", LABEL | {"act": "correct"}).status_code == 404
    assert lab.post(f"{page}/labels/{number}", {"act": "remove"}).status_code == 404
    assert [each.labels for each in lab.office.recordings()] == [0]
    assert list(lab.registry.day_notes("w-01")) == [number]


def test_nobody_changes_what_somebody_else_said(lab: Lab) -> None:
    page = lab.keep(recording(120))
    number = lab.label("incident", 30, 60, CARER)
    assert lab.post(f"{page}/labels/{number}", LABEL | {"act": "correct"}).status_code == 403
    assert lab.post(f"{page}/labels/{number}", {"act": "remove"}).status_code == 403
    assert list(lab.registry.labels("w-01")) == [number]
    assert "gave this label" in lab.get(f"{page}?label={number}").text


def test_a_label_of_a_file_may_be_corrected_and_keeps_its_rater(lab: Lab) -> None:
    page = lab.keep(recording(120))
    number = lab.label("incident", 30, 60, "Video, A")
    assert lab.post(f"{page}/labels/{number}", LABEL | {"act": "correct"}).status_code == 303
    ((_, label),) = lab.registry.labels("w-01").items()
    assert label.rater == "Video, A"


def test_a_label_is_not_found_by_the_recording_of_somebody_else(lab: Lab) -> None:
    lab.person("w-02", "Somebody Else")
    page = lab.keep(recording(120))
    other = lab.keep(recording(120, name="two", start_s=START_S + 7200), wearer="w-02")
    number = lab.label("incident", 30, 60, "Hanna")
    assert lab.get(f"{other}/labels/{number}").status_code == 404
    assert lab.post(f"{other}/labels/{number}", {"act": "remove"}).status_code == 404
    assert lab.get(f"{page}/labels/{number}").status_code == 200


def test_no_page_names_anybody(lab: Lab) -> None:
    made = recording(120)
    page = lab.keep(made)
    note = f"{NAME} hit {CARER}; Beatrice was tired, QUILL too"
    number = lab.label("incident", 30, 60, CARER, note=note)
    lab.label("incident", 40, 70, "Video, A", note=note)
    for path in (*ROOMS, page, f"{page}?label={number}", f"{page}/labels/{number}", f"{page}/agreement"):
        text = lab.get(path)
        assert text.status_code == 200, path
        for word in (*NAME.split(), *CARER.split()):
            assert word.casefold() not in text.text.casefold(), (path, word)
    assert "w-01 hit carer " in seen(lab.get(f"{page}/labels/{number}").text)


def test_nothing_of_another_site_is_shown(lab: Lab) -> None:
    page = lab.keep(recording(120))
    number = lab.label("incident", 30, 60, "Hanna")
    lab.places.elsewhere["w-01"] = "far"
    lab.letting.asker_ = researcher(site="home")
    for path in (page, f"{page}/agreement", f"{page}/labels/{number}", "/research/budgets/w-01"):
        assert lab.get(path).status_code == 404, path
    assert lab.post(f"{page}/labels", LABEL).status_code == 404
    asked = {"wearers": "w-01", "layout": "csv", "channels": "eda"}
    assert lab.post("/research/exports", asked).status_code == 422
    for path in ("/research", "/research/exports", "/research/budgets"):
        assert "w-01" not in lab.get(path).text
    lab.letting.asker_ = researcher(site=EVERYWHERE)
    assert lab.get(page).status_code == 200


def test_what_no_consent_covers_is_listed_on_request_and_never_read(lab: Lab) -> None:
    page = lab.keep(recording(120))
    assert lab.registry.withdraw_consent("w-01", scopes=[Scope.RESEARCH], at_s=NOW_S, by="test") == 1
    assert page not in lab.get("/research").text
    assert "does not cover it" in lab.get("/research?all=yes").text
    text = lab.get(page).text
    assert "does not cover it: nothing of it is read" in text
    assert "EDA" not in seen(text).split("Cursor")[0].split("Signals and labels")[-1]


def test_the_list_is_filtered_and_nonsense_filters_nothing(lab: Lab) -> None:
    lab.person("w-02", "Somebody Else")
    one = lab.keep(recording(120))
    two = lab.keep(recording(120, name="two", start_s=START_S + 2 * 86_400), wearer="w-02")
    lab.label("incident", 30, 60, "Hanna")

    def found(query: str) -> tuple[bool, bool]:
        text = lab.get(f"/research?{query}").text
        return f'href="{one}"' in text, f'href="{two}"' in text

    assert found("") == (True, True)
    assert found("who=w-02") == (False, True)
    assert found("labelled=yes") == (True, False)
    assert found("labelled=no") == (False, True)
    assert found("kind=band") == (False, False)
    assert found("from=2026-01-06") == (False, True)
    assert found("to=2026-01-06") == (True, False)
    assert found("page=99999999999999999999&from=x&to=<b>&kind=9&who=") == (True, True)


@pytest.mark.parametrize(
    "query",
    ["from=nan", "from=inf&to=-inf", "from=x", "from=2&to=1", "label=99999999999999999999", "from=1e300&to=1e300"],
)
def test_a_page_asked_for_with_nonsense_shows_the_recording(lab: Lab, query: str) -> None:
    assert lab.get(f"{lab.keep(recording(120))}?{query}").status_code == 200


def test_looking_closer_shows_every_sample(lab: Lab) -> None:
    page = lab.keep(recording(120))
    drawn = lab.office.drawn(lab.office.find("w-01", page.rpartition("/")[2]), START_S + 10, START_S + 20, 700)["eda"]
    assert drawn.samples == 40
    assert np.isfinite(drawn.low).sum() == 40


def test_rating_blind_hides_what_others_and_models_said(lab: Lab) -> None:
    page = lab.keep(recording(120))
    lab.label("exercise", 30, 60, "Video, A")
    lab.label("incident", 30, 60, "Hanna")
    assert "Video, A" in lab.get(page).text
    blind = lab.get(f"{page}?blind=yes").text
    assert "Video, A" not in blind
    assert ">Risk " not in blind
    assert ">You<" in blind


def test_a_million_labels_cost_a_page_no_more_than_those_it_shows(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab.keep(recording(3600))
    monkeypatch.setattr("console.research.recordings.LABELS_MOST", 50)
    for i in range(120):
        lab.label("incident", i * 10, i * 10 + 5, "Video, A")
    text = lab.get(page).text
    assert "120 in this recording; the first 50 are here" in text


@pytest.mark.parametrize(
    "path",
    [
        "/research/recordings/w-99/x.1",
        "/research/recordings/w-01/x",
        "/research/models/none",
        "/research/experiments/none",
        "/research/experiments/none/report",
        "/research/budgets/w-99",
        "/research/exports/none/file",
    ],
)
def test_what_is_not_there_is_not_found(lab: Lab, path: str) -> None:
    assert lab.get(path).status_code == 404


def test_a_form_from_another_site_is_refused(lab: Lab) -> None:
    page = lab.keep(recording(120))
    for path, fields in ((f"{page}/labels", LABEL), ("/research/exports", {"wearers": "w-01"})):
        assert lab.post(path, fields, site="cross-site").status_code == 403
    assert lab.registry.labels("w-01") == {}


WHAT_IF = Level(enter=0.7, alerts=4, false=1, told=3, lead_s=60.0, a_day=1.0, busy=0.01)


def test_what_goes_with_the_service_is_said_where_somebody_would_rely_on_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "held in memory alone: it is gone when the service ends" in lab.get("/research/budgets").text
    known: list[Budget | Working] = [Working()]
    monkeypatch.setattr(lab.office, "budget", lambda wearer: known[0])
    assert "if the service starts anew meanwhile, ask again" in lab.get("/research/budgets/w-01").text
    known[0] = Budget(
        wearer="w-01",
        model="free",
        made_s=NOW_S,
        days=14.0,
        worn_s=86_400.0,
        events=3,
        unheard=0,
        recorded=False,
        levels=(WHAT_IF,),
        holds=WHAT_IF,
        note="",
    )
    assert "held in memory alone, and gone when the service ends" in lab.get("/research/budgets/w-01").text


def test_times_are_read_by_the_clock_of_the_house() -> None:
    span: Any = {"zone": ZONE, "since_s": START_S, "until_s": START_S + 30 * 3600}
    with pytest.raises(NoMoment, match="more than once"):
        moment_of("10:30", **span)
    assert moment_of("2026-01-06 10:30:15.5", **span) == START_S + 24.5 * 3600 + 15.5
    assert moment_of("2026-01-05T11:30:00+01:00", **span) == START_S + 1800
    for at_s in (START_S + 0.25, START_S + 1800, START_S + 25 * 3600):
        assert moment_of(typed(at_s, **span), **span) == pytest.approx(at_s, abs=1e-6)


def test_an_hour_that_comes_twice_is_asked_about() -> None:
    autumn_s = 1_761_436_800.0  # 26 October 2025, 00:00 UTC: clocks are set back an hour later
    with pytest.raises(NoMoment, match="more than once"):
        moment_of("01:30", zone=ZONE, since_s=autumn_s, until_s=autumn_s + 4 * 3600)
