"""Rules that contradict themselves are refused by field and remedy; what is documented is what is read."""

import re
from pathlib import Path

import msgspec
import pytest

from alerts.delivery.drawn import FILE, page
from alerts.delivery.matter import Kind
from alerts.delivery.rules import DEFAULT, Contact, DeadMan, Grace, Mqtt, Privacy, RulesError, SiteRules, parse

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "alerting-rules.md").read_text(encoding="utf-8")
SAM = '[[contact]]\nname = "Sam"\nreach = { phone = "json://gateway.example/call" }\n'


def step(chain: str = "alert", after_s: object = 0, who: str = "on shift", channel: str = "board") -> str:
    return f'[[{chain}]]\nafter_s = {after_s}\nwho = "{who}"\nchannel = "{channel}"\n'


REFUSED = [
    ("surprise = 1", "surprise", "every key"),
    ("again_s = ", "not TOML", ""),
    ('again_s = "soon"', "again_s", "a number"),
    ("again_s = 5", "again_s", "choose 30 to 3600"),
    ("again_s = nan", "again_s", "choose"),
    ("again_s = 40\nanswer_within_s = 60", "again_s", "answer_within_s or more"),
    ("deliver_within_s = -1", "deliver_within_s", "choose 2 to 120"),
    ("[grace]\nprotection_s = -1", "grace.protection_s", "choose 0 to 3600"),
    ("[grace]\nuncovered_s = inf", "grace.uncovered_s", "choose 0 to 3600"),
    ("alert = []", "alert", "write a step"),
    (step(after_s=-1), "alert[0].after_s", "choose 0 to"),
    (step(after_s="inf"), "alert[0].after_s", "choose 0 to"),
    (step(after_s=30) + step(channel="push"), "alert[1].after_s", "sort the steps"),
    (step() + step(), "alert[1]", "take one out"),
    (step(channel="pigeon"), "alert[0].channel", 'use one of "board", "push"'),
    (step(who="Kim", channel="push"), "alert[0].who", 'use one of "on shift"'),
    (SAM + step("notice", who="Kim", channel="phone"), "notice[0].who", '"Sam"'),
    (SAM + step(who="Sam"), "alert[0].who", "on shift"),
    (SAM + '[[contact]]\nname = "Kim"\n' + step(who="Kim", channel="phone"), "alert[0].channel", "give it under reach"),
    (step(channel="mqtt"), "alert[0].channel", "[mqtt] events = true"),
    (SAM + SAM, "contact[1].name", "name them apart"),
    ('[[contact]]\nname = "on shift"', "contact[0].name", "another name"),
    ('[[contact]]\nname = " "', "contact[0].name", "write one"),
    ('[[contact]]\nname = "Sam"\nreach = { push = "json://a/b" }', "contact[0].reach.push", "use a word"),
    ('[[contact]]\nname = "Sam"\nreach = { phone = "nonsense" }', "contact[0].reach.phone", "docs/channels.md"),
    ('[[contact]]\nname = "Sam"\nreach = { phone = "nosuch://key" }', "contact[0].reach.phone", "docs/channels.md"),
    ('silent_when_over = ["pigeon"]', "silent_when_over[0]", "use one of"),
    ('[dead_man]\nurl = "ping.example"', "dead_man.url", "https://"),
    ("[dead_man]\nevery_s = 1", "dead_man.every_s", "choose 10 to 3600"),
    ("[mqtt]\nevents = false\nhome_assistant = true", "mqtt.home_assistant", "mqtt.events = true"),
    ('version = "mine"', "version", "leave it out"),
    ("a = " + "[" * 5000, "not TOML", "docs/alerting-rules.md"),
    ("again_s = " + "9" * 5000, "not TOML", "digits"),
    ("# \ud800", "not TOML", "UTF-8"),
    ("\n" + ".".join("a" * 50_000) + " = 1", "line 2", "docs/alerting-rules.md"),
    ("[" + " . ".join(["'a'"] * 50_000) + "]", "line 1", "docs/alerting-rules.md"),
    ("alert = [{" + ".".join([r'"\""'] * 50_000) + " = 1}]", "line 1", "docs/alerting-rules.md"),
    ('[[contact]]\nname = "On Shift"', "contact[0].name", "another name"),
    ('[[contact]]\nname = "Jos\u00e9"\n[[contact]]\nname = "JOSE\u0301"', "contact[1].name", "name them apart"),
    (f'[[contact]]\nname = "{"J" * 81}"', "contact[0].name", "up to 80 characters"),
    ('[dead_man]\nurl = "https://"', "dead_man.url", "https://"),
    ('[dead_man]\nurl = "https://host:port/"', "dead_man.url", "https://"),
]
ADDRESS = "json://sam:sesame@gateway.example"


@pytest.mark.parametrize(("text", "field", "remedy"), REFUSED)
def test_a_contradiction_is_refused_with_its_field_and_its_remedy(text: str, field: str, remedy: str) -> None:
    with pytest.raises(RulesError) as refused:
        parse(text)
    assert field in str(refused.value)
    assert remedy in str(refused.value)


def test_a_bad_address_is_refused_without_being_repeated() -> None:
    with pytest.raises(RulesError) as refused:
        parse('[[contact]]\nname = "Sam"\nreach = { phone = "nosuch://secret-key" }')
    assert "secret-key" not in str(refused.value)


def test_with_nothing_configured_tablets_and_phones_of_whoever_is_on_shift_are_told() -> None:
    told = [(step.after_s, step.who, step.channel) for step in DEFAULT.chain(Kind.ALERT)]
    assert told == [(0, "", "mqtt"), (0, "on shift", "board"), (0, "on shift", "push")]
    assert DEFAULT.chain(Kind.TEST) == DEFAULT.chain(Kind.ALERT)


def test_every_text_has_a_version_of_its_own() -> None:
    assert parse("again_s = 60").version == parse("again_s = 60").version != parse("again_s = 61").version


@pytest.mark.parametrize(
    "text",
    [
        SAM + step(channel=ADDRESS),
        SAM + step(who=ADDRESS, channel="phone"),
        SAM + step(who="mailto:sam@sesame", channel="phone"),
        f'silent_when_over = ["{ADDRESS}"]',
        f'"{ADDRESS}" = 1',
        f'[[contact]]\nname = "{ADDRESS}"',
        f'[[contact]]\nname = "Sam"\nreach = {{ "{ADDRESS}" = "phone" }}',
        '[dead_man]\nurl = "ftp://sam:sesame@gateway.example"',
    ],
)
def test_an_address_in_the_place_of_a_word_is_refused_and_never_said_back(text: str) -> None:
    with pytest.raises(RulesError) as refused:
        parse(text)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (SAM + step(), "never leaves the tablets"),
        (step(after_s=5), "tells nobody for the first 5 s"),
        (SAM + step(who="Sam", channel="phone"), "no step for the tablets"),
        ("", "same network"),
        (SAM + step(), "a contact whom no step names"),
        ('[[contact]]\nname = "Sam"\nreach = { phone = "ntfys://ntfy.Example.ORG/a" }', "Sam by phone has an example"),
        (
            '[[contact]]\nname = "Sam"\nreach = { mail = "mailtos://a:b@x.test?to=s@mail.alder" }',
            "Sam by mail has an",
        ),
        (
            '[[contact]]\nname = "Sam"\nreach = { mail = "mailtos://a:b@mail.alder?to=s@example.net" }',
            "nobody is ever there",
        ),
    ],
)
def test_what_is_probably_not_meant_is_told_and_not_refused(text: str, doubt: str) -> None:
    assert any(doubt in each for each in parse(text).doubts())


@pytest.mark.parametrize(
    "address",
    ["json://counterexample.org/a", "json://example.organic", "json://latest.alder/example.org", "ntfys://n.sh/a.test"],
)
def test_an_address_that_looks_like_an_example_is_none(address: str) -> None:
    rules = parse(f'[[contact]]\nname = "Sam"\nreach = {{ phone = "{address}" }}')
    assert not any("example's" in doubt for doubt in rules.doubts())


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL))
def test_each_documented_example_is_read_without_a_doubt_but_that_it_is_one(text: str) -> None:
    rules = parse(text)
    assert all("has an example's address in it" in doubt for doubt in rules.doubts())
    assert rules.address(rules.contact[0].name, "phone")


def test_every_key_and_its_default_is_documented() -> None:
    table = DOCUMENT[DOCUMENT.index("## Every key") :]
    for struct, section in ((SiteRules, ""), (Grace, "[grace] "), (Privacy, "[privacy] "), (DeadMan, "[dead_man] ")):
        for field in msgspec.structs.fields(struct):
            if isinstance(field.default, bool):
                assert f"| `{section}{field.name}` | {str(field.default).lower()} |" in table
            elif isinstance(field.default, float):
                assert f"| `{section}{field.name}` | {field.default:g} |" in table
    for key in [*(f"[mqtt] {name}" for name in Mqtt.__struct_fields__), "[dead_man] url", "silent_when_over"]:
        assert f"| `{key}` |" in table
    assert all(f"`[[contact]] {name}`" in table for name in Contact.__struct_fields__)


def test_the_page_about_delivery_is_what_the_tables_say() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == page(), "run python -m alerts.delivery.drawn"


def test_no_step_is_promised_by_a_channel_that_the_house_does_not_have() -> None:
    assert [step.channel for step in DEFAULT.steps(Kind.ALERT, {"mqtt"})] == ["mqtt", "board"]
    assert [step.channel for step in DEFAULT.steps(Kind.ALERT, {"push"})] == ["board", "push"]


def test_where_no_channel_of_a_chain_is_there_the_tablets_are_told() -> None:
    rules = parse('[[alert]]\nafter_s = 0\nwho = "on shift"\nchannel = "push"\n')
    assert [step.channel for step in rules.steps(Kind.ALERT, {"mqtt"})] == ["mqtt", "board"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('again_s = "1"', "again_s: a number is wanted here, not text; write a number, without quotes"),
        (
            '[[notice]]\nafter_s = "x"\nwho = "a"\nchannel = "b"',
            "notice[0].after_s: a number is wanted here, not text; write a number, without quotes",
        ),
        ("[mqtt]\nevents = 1", "mqtt.events: true or false is wanted here, not a whole number; write true or false,"),
        ("[[contact]]\nname = 1\nreach = {}", "contact[0].name: text is wanted here, not a whole number; put it in q"),
        ("alert = 3", "alert: a list is wanted here, not a whole number; write a list in [ ], or a heading in [[ ]]"),
        ("[[alert]]\nafter_s = 1\nchannel = 'x'", "alert[0].who: it is missing; write it"),
        ("[[alert]]\nwhen = 1", "alert[0].when: there is no such key; see docs/alerting-rules.md"),
    ],
)
def test_a_value_of_another_kind_is_refused_in_plain_words(text: str, said: str) -> None:
    with pytest.raises(RulesError) as refused:
        parse(text)
    assert str(refused.value).startswith(said)
    assert "`" not in str(refused.value)
