"""Pages of results: nothing from outside, every figure, nothing injected, the same bytes, and bad input refused."""

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from ingest.notice import NOTICE
from models.errors import ExperimentError
from models.evaluation.event_figures import A_STATE
from models.experiments.results import EXPERIMENT, PREDICTIONS, RESULTS
from models.reports import words
from models.reports.checklist import ITEMS
from models.reports.evidence import read
from models.reports.page import MARK
from models.reports.report import report
from tests.models.experiments.cohorts import forecast, state
from tests.models.reports.conftest import ALONE, CANDIDATES, FORECAST, NASTY, STATE, Files, Made

TOKENS = ":root { --paper: #fff; --sheet: #fff; --ink: #000 }"
ALL = ("of_states", "of_forecasts", "of_nasty_names", "over_k", "in_order_of_time")


def page(*folders: Files) -> str:
    return report([read(files, origin="mine.results") for files in folders], tokens=TOKENS).decode()


def ours(text: str) -> str:
    """The page without the chart library."""
    return re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)


class Seen(HTMLParser):
    """Elements with their attributes, and what is read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_fetched_and_only_its_own_scripts_may_run(name: str, request: pytest.FixtureRequest) -> None:
    text = page(request.getfixturevalue(name))
    seen = Seen(text)
    for tag, attributes in seen.elements:
        assert not {"src", "srcset", "action", "data", "poster"} & attributes.keys(), tag
        assert not any(key.startswith("on") for key in attributes), tag
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("#")
        assert tag not in ("link", "iframe", "img", "object", "base")
    assert "url(" not in ours(text)
    assert "@import" not in ours(text)
    policy = next(a["content"] or "" for _, a in seen.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe" not in policy
    assert sum(tag == "script" for tag, _ in seen.elements) == 3  # the charts' data, the library, what draws them


def test_a_chart_library_is_there_once_however_many_experiments(of_states: Files, of_forecasts: Files) -> None:
    text = page(of_states, of_forecasts)
    assert text.count("plotly.js v") == page(of_states).count("plotly.js v") > 0
    ids = [a["id"] for _, a in Seen(text).elements if "id" in a]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ALL)
def test_every_figure_is_on_the_page_with_its_number_and_its_interval(
    name: str, request: pytest.FixtureRequest
) -> None:
    files = request.getfixturevalue(name)
    said = set(Seen(page(files)).said)
    figures = 0
    for arm in json.loads(files[RESULTS])["arms"]:
        for spread_name, spread in arm["judgement"]["over_people"].items():
            wanted = words.UNKNOWN if spread["mean"] is None else words.number(spread["mean"], spread_name)
            assert wanted in said
            assert spread["mean"] is not None or spread["why"] in said
        for person in arm["judgement"]["people"]:
            for figure_name, figure in person["figures"].items():
                figures += 1
                assert words.number(figure["value"], figure_name) in said
                assert figure["value"] is not None or figure["why"] in said
                if figure["low"] is not None:
                    ends = (words.number(figure[end], figure_name) for end in ("low", "high"))
                    assert f"[{', '.join(ends)}]" in said
    assert figures > 100


def test_every_link_within_leads_somewhere(of_states: Files, of_forecasts: Files, over_k: Files) -> None:
    elements = Seen(page(of_states, of_forecasts, over_k)).elements
    ids = {a["id"] for _, a in elements if "id" in a}
    assert {(a["href"] or "")[1:] for _, a in elements if "href" in a} <= ids


def test_every_chart_that_has_a_place_has_data_and_the_other_way_round(of_forecasts: Files, over_k: Files) -> None:
    text = page(of_forecasts, over_k)
    drawn = re.search(r'<script type="application/json" id="charts">(.*?)</script>', text, re.DOTALL)
    assert drawn is not None
    places = [a["data-chart"] for _, a in Seen(text).elements if "data-chart" in a]
    assert sorted(places) == sorted(json.loads(drawn[1]))
    assert "e2-personal-auroc" in places
    assert "e1-trade" in places


def test_research_use_only_stands_at_head_and_foot(of_states: Files) -> None:
    text = ours(page(of_states))
    assert text.index(NOTICE) < text.index("<main") < text.index("</main>") < text.rindex(NOTICE)
    assert MARK in text[:4000]


def test_names_are_text_wherever_they_stand(of_nasty_names: Files) -> None:
    text = page(of_nasty_names)
    assert "<script>alert" not in text
    assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49lab", text)
    assert any(NASTY in each for each in Seen(text).said)
    drawn = re.search(r'id="charts">(.*?)</script>', text, re.DOTALL)
    assert drawn is not None
    assert "<" not in drawn[1]
    assert "<script>" not in json.dumps(json.loads(drawn[1]))  # plotly reads a little HTML in its text


def test_the_same_results_give_the_same_bytes(of_forecasts: Files) -> None:
    assert page(of_forecasts) == page(dict(reversed(of_forecasts.items())))


def test_all_items_of_tripod_ai_stand_in_order_and_each_is_answered(of_states: Files) -> None:
    assert len(ITEMS) == 52
    assert {re.sub(r"[a-g]$", "", item.number) for item in ITEMS} == {str(i) for i in range(1, 28)}
    text = ours(page(of_states))
    table = text[text.index('aria-label="TRIPOD+AI"') :]
    places = [table.index(f'<th scope="row">{item.number}</th>') for item in ITEMS]
    assert places == sorted(places)
    assert "to be written by the authors" in table


def test_baselines_stand_first_and_what_a_figure_is_worth_is_said(of_states: Files, of_forecasts: Files) -> None:
    text = ours(page(of_states))
    assert "Without any sensor: clock 1.000" in text
    assert "figures within a study" in text
    rows = re.findall(r'<tr class="bare"><th scope="row">(\w+)', ours(page(of_forecasts)))
    assert set(rows) == {"clock", "hawkes"}


def test_without_a_baseline_the_page_says_so(in_order_of_time: Files) -> None:
    assert "nobody can say what a wristband adds" in ours(page(in_order_of_time))


def test_one_person_by_time_and_no_events_leave_reasons_and_no_gaps(made: Made) -> None:
    split = 'split = {kind = "chronological", parts = 3}\n'
    text = ours(page(made(split + STATE + ALONE, state(1, sessions=4))))
    assert "one person: neither spread nor confidence" in text
    assert A_STATE in text
    assert "None" not in "".join(Seen(text).said)
    assert not re.search(r"\bnan\b", "".join(Seen(text).said), re.IGNORECASE)


def test_a_candidate_that_could_not_be_trained_is_named_with_the_reason(made: Made) -> None:
    none = "".join(f'[[candidate]]\nkind = "{kind}"\n' for kind in ("state_space", "clock"))
    text = ours(page(made(STATE + none, state(4))))
    assert "has no figures: in no fold could it be trained" in text


def test_a_report_of_nobody_who_could_be_judged_is_still_a_report(of_states: Files) -> None:
    found = json.loads(of_states[RESULTS])
    for arm in found["arms"]:
        arm |= {"judgement": None, "why": "too few"}
    text = ours(page(of_states | {RESULTS: json.dumps(found).encode()}))
    assert "there is nothing to draw" in text


def test_simulated_people_are_said_to_stand_for_nobody(made: Made) -> None:
    text = STATE.replace('{name = "lab"}', '{name = "lab", simulated = {scenario = "cohort"}}')
    assert "not that it works for anybody" in ours(page(made(text + CANDIDATES, state(4))))


@pytest.mark.parametrize("missing", [EXPERIMENT, RESULTS, PREDICTIONS])
def test_a_folder_that_is_not_whole_is_refused(of_states: Files, missing: str) -> None:
    files = {name: data for name, data in of_states.items() if name != missing}
    with pytest.raises(ExperimentError, match=f"holds no {missing}"):
        read(files, origin="mine.results")


def test_results_of_a_newer_version_are_refused(of_states: Files) -> None:
    found = json.loads(of_states[RESULTS])
    with pytest.raises(ExperimentError, match="version 99"):
        read(of_states | {RESULTS: json.dumps(found | {"version": 99}).encode()}, origin="mine.results")
    found["arms"][0]["judgement"]["version"] = 99
    with pytest.raises(ExperimentError, match="figures of version 99"):
        read(of_states | {RESULTS: json.dumps(found).encode()}, origin="mine.results")


@pytest.mark.parametrize("place", ["person", "mean", "pooled"])
def test_a_figure_that_the_predictions_do_not_give_is_refused(of_states: Files, place: str) -> None:
    found = json.loads(of_states[RESULTS])
    judgement = found["arms"][1]["judgement"]
    if place == "person":
        judgement["people"][0]["figures"]["auroc"]["value"] += 0.01
    elif place == "mean":
        judgement["over_people"]["auroc"]["mean"] += 0.01
    else:
        judgement["pooled"]["ece"]["value"] += 0.01
    with pytest.raises(ExperimentError, match="its predictions give"):
        read(of_states | {RESULTS: json.dumps(found).encode()}, origin="mine.results")


def test_predictions_that_were_changed_or_cut_are_refused(of_states: Files) -> None:
    with np.load(io.BytesIO(of_states[PREDICTIONS])) as found:
        arrays = {name: found[name].copy() for name in found.files}
    arrays["logistic/combined/probability"][::2] = 0.5
    for wrong, said in (
        (saved(arrays), "its predictions give"),
        (saved({name: each for name, each in arrays.items() if name != "worn"}), "has no worn"),
        (saved(arrays | {"worn": arrays["worn"][:5]}), "worn is not of the"),
        (of_states[PREDICTIONS][:500], "no predictions"),
        (b"", "no predictions"),
    ):
        with pytest.raises(ExperimentError, match=said):
            read(of_states | {PREDICTIONS: wrong}, origin="mine.results")


def saved(arrays: dict[str, np.ndarray]) -> bytes:  # type: ignore[type-arg]
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def test_the_file_of_another_experiment_is_refused(of_states: Files) -> None:
    other = of_states[EXPERIMENT].replace(b'"stress"', b'"exam"')
    with pytest.raises(ExperimentError, match=r"target\.positive"):
        read(of_states | {EXPERIMENT: other}, origin="mine.results")
    with pytest.raises(ExperimentError, match="not TOML"):
        read(of_states | {EXPERIMENT: b"= ="}, origin="mine.results")


def test_events_that_nobody_foretold_have_no_lead_time_and_break_nothing(made: Made) -> None:
    quiet = FORECAST + '[[candidate]]\nkind = "clock"\n[[candidate]]\nkind = "rate_matched"\n'
    text = ours(page(made(quiet + "[alarms]\nenter = 1.0\n", forecast(3))))
    assert "0 of 6 events foretold" in page(made(quiet + "[alarms]\nenter = 1.0\n", forecast(3)))
    assert "missed" in text
