"""Passwords, second factors, and tries: what is good enough, what is right, and how long one waits."""

import pyotp
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from console.access import passwords, totp
from console.access.tries import FORGOTTEN_S, FREE, FREE_ADDRESS, KEPT, LONGEST_S, Tries

GOOD = "blue kettle moon"
NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    "guessed",
    [
        "password1234",
        "P@ssw0rd1234!",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "123456789012",
        "qwertyuiop12",
        "correct horse battery staple",
        "Helen2024Helen",
        "alderhouse-helen",
        "!!!!!!!!!!!!!!",
    ],
)
def test_what_is_guessed_first_is_refused(guessed: str) -> None:
    assert passwords.wrong_with(guessed, ("Helen", "Alder House")).startswith("That is among the first")


@pytest.mark.parametrize("short", ["", "kettle", "日本語日本語", "x" * 11])
def test_what_is_short_is_refused_with_how_long_it_is(short: str) -> None:
    assert passwords.wrong_with(short).startswith(f"{len(short)} characters so far")


@pytest.mark.parametrize(
    "good", [GOOD, "grüne lampe fährt", "三つのことばをならべる鉄道", "tr7;vQ<p2x&kM", "no rules at all"]
)
def test_anything_else_will_do_in_any_script(good: str) -> None:
    assert passwords.wrong_with(good, ("Helen", "Alder House")) == ""


@given(st.text(max_size=300))
def test_any_text_is_judged_and_nothing_is_said_of_it(text: str) -> None:
    wrong = passwords.wrong_with(text)
    assert len(text) < passwords.SHORTEST or text not in wrong


def test_a_password_is_right_however_a_keyboard_composes_it() -> None:
    kept = passwords.encoded("grüne lampe fährt")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.is_right(kept, "gru\u0308ne lampe fa\u0308hrt")
    assert not passwords.is_right(kept, "grune lampe fahrt")
    assert not passwords.is_right("no hash", GOOD)


def test_whether_there_is_an_account_takes_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, reckoned = passwords.encoded(GOOD), []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            reckoned.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    assert not passwords.is_right(kept, "wrong")
    assert not passwords.is_right(None, "wrong")
    assert len(reckoned) == 2


def test_a_hash_of_other_parameters_is_outdated_and_still_right() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.is_right(old, GOOD)
    assert passwords.is_outdated(old)
    assert not passwords.is_outdated(passwords.encoded(GOOD))


def test_the_codes_are_those_of_the_standard() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 - RFC 6238, appendix B
    for at_s, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert totp.step_of(secret, code, at_s, after=None) == at_s // 30
        assert totp.step_of(secret, f"{code[:3]} {code[3:]}", at_s, after=None) is not None
        assert totp.step_of(secret, code, at_s + 90, after=None) is None


def test_a_code_that_was_used_and_any_before_it_are_of_no_use() -> None:
    secret, app = (one := totp.Factors(b"x" * 32).new()), pyotp.TOTP(one)
    step = int(NOW_S // 30)
    for shift in (-1, 0, 1):
        assert totp.step_of(secret, app.generate_otp(step + shift), NOW_S, after=None) == step + shift
        assert totp.step_of(secret, app.generate_otp(step + shift), NOW_S, after=step + shift) is None
    assert totp.step_of(secret, app.generate_otp(step - 2), NOW_S, after=None) is None


@given(st.text(max_size=60))
def test_no_text_is_a_code_by_chance_or_breaks_anything(text: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 - RFC 6238, appendix B
    right = {pyotp.TOTP(secret).generate_otp(int(NOW_S // 30) + shift) for shift in (-1, 0, 1)}
    assert (totp.step_of(secret, text, NOW_S, after=None) is not None) == ("".join(text.split()) in right)


def test_a_sealed_secret_opens_for_whom_and_where_it_was_sealed() -> None:
    here, elsewhere = totp.Factors(b"x" * 32), totp.Factors(b"y" * 32)
    secret = here.new()
    sealed = here.sealed(secret, "jo")
    assert secret not in sealed
    assert here.opened(sealed, "jo") == secret
    assert [here.opened(sealed, "ida"), elsewhere.opened(sealed, "jo")] == [None, None]
    assert [here.opened(bad, "jo") for bad in ("", "é", sealed[:-3], "AAAA")] == [None] * 4


def test_recovery_codes_differ_and_are_known_however_they_are_typed() -> None:
    codes = totp.new_recovery_codes()
    assert len({*map(totp.recovery_digest, codes)}) == totp.RECOVERY_CODES
    assert totp.recovery_digest(codes[0].lower().replace("-", " ")) == totp.recovery_digest(codes[0])


@given(st.lists(st.tuples(st.sampled_from(["jo at kitchen", "jo at no tablet"]), st.floats(0, 600)), max_size=60))
def test_nobody_waits_long_and_nobody_elsewhere_keeps_a_tablet_from_signing_in(fails: list[tuple[str, float]]) -> None:
    tries, now_s = Tries(), NOW_S
    for who, after_s in fails:
        now_s += after_s
        tries.fail(who, f"address of {who}", now_s)
        assert tries.wait_s(who, f"address of {who}", now_s) <= LONGEST_S
    if sum(who == "jo at kitchen" for who, _ in fails) < FREE:
        assert tries.wait_s("jo at kitchen", "address of jo at kitchen", now_s) == 0
    assert tries.wait_s("jo at no tablet", "address of jo at no tablet", now_s + LONGEST_S) == 0


def test_whoever_goes_on_failing_waits_longer_until_it_is_forgotten() -> None:
    tries = Tries()
    waits = []
    for _ in range(FREE + 3):
        tries.fail("jo", "here", NOW_S)
        waits.append(tries.wait_s("jo", "here", NOW_S))
    assert waits == [0, 0, 0, 0, 5, 10, 20, 40]
    assert tries.left("jo", NOW_S) == 0
    assert tries.wait_s("jo", "here", NOW_S + FORGOTTEN_S) == 0
    tries.succeed("jo")
    assert tries.left("jo", NOW_S) == FREE


def test_one_address_that_tries_many_names_waits_and_nobody_else() -> None:
    tries = Tries()
    for number in range(FREE_ADDRESS):
        tries.fail(f"guess {number}", "there", NOW_S)
    assert tries.wait_s("jo", "there", NOW_S) > 0
    assert tries.wait_s("jo", "here", NOW_S) == 0


def test_what_is_remembered_is_bounded() -> None:
    tries = Tries()
    for number in range(KEPT + 10):
        tries.fail(f"guess {number}", "there", NOW_S)
    assert len(tries._failed) == KEPT
