"""The house's own certificates on disk: made at the first start, renewed in time, and never half written."""

import stat
from pathlib import Path

import pytest

from forecalm.certificates.authority import names_in
from forecalm.certificates.errors import CertificateError
from forecalm.certificates.local import DAY_S, Local
from forecalm.certificates.names import Names, named
from forecalm.certificates.source import first_certificate

NOW_S = 1_800_000_000.0
HERE = ["localhost", "board.local", "192.168.1.20"]


class House:
    """A folder and names that may change."""

    def __init__(self, folder: Path) -> None:
        self.names = named(HERE)
        self.local = Local(folder, place="Alder House", names=lambda: self.names)

    def leaf(self, now_s: float) -> bytes:
        return self.local.current(now_s).certificate.read_bytes()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "var" / "certificates")


def test_the_first_start_makes_an_authority_and_a_certificate_that_only_their_owner_can_read(
    house: House, tmp_path: Path
) -> None:
    house.leaf(NOW_S)
    kept = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var" / "certificates").iterdir()}
    assert kept == {"authority.crt": 0o644, "authority.key": 0o600, "board.pem": 0o600}
    for folder in (tmp_path / "var", tmp_path / "var" / "certificates"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_next_start_serves_the_same(house: House, tmp_path: Path) -> None:
    first = house.leaf(NOW_S)
    assert House(tmp_path / "var" / "certificates").leaf(NOW_S + DAY_S) == first


def test_a_certificate_is_renewed_a_month_before_its_end_by_the_same_authority(house: House) -> None:
    first, authority = house.leaf(NOW_S), house.local.authority_file.read_bytes()
    assert house.leaf(NOW_S + 59 * DAY_S) == first
    second = house.leaf(NOW_S + 61 * DAY_S)
    assert second != first
    assert house.local.authority_file.read_bytes() == authority
    assert house.leaf(NOW_S + 62 * DAY_S) == second


def test_a_new_address_is_certified_at_the_next_look_and_one_that_left_costs_nothing(house: House) -> None:
    house.leaf(NOW_S)
    house.names |= named(["10.0.0.7"])
    second = house.leaf(NOW_S + 10)
    assert names_in(first_certificate(house.local.leaf_file)) == house.names
    house.names = named(HERE)
    assert house.leaf(NOW_S + 20) == second


def test_a_machine_that_was_renamed_is_served_by_its_addresses_and_says_what_is_to_do(house: House) -> None:
    house.leaf(NOW_S)
    assert house.local.trouble == ""
    house.names = named(["localhost", "new.local", "192.168.1.20"])
    house.leaf(NOW_S + 10)
    assert "new.local" in house.local.trouble
    assert "renew --authority" in house.local.trouble
    house.local.make_authority(NOW_S + 20)
    house.leaf(NOW_S + 20)
    assert house.local.trouble == ""
    assert names_in(first_certificate(house.local.leaf_file)) == house.names


def test_a_certificate_from_a_clock_that_was_ahead_is_made_anew(house: House) -> None:
    ahead = house.leaf(NOW_S + 10 * 365 * DAY_S)
    assert house.leaf(NOW_S) != ahead


def test_an_authority_that_ends_within_half_a_year_says_so_and_what_it_signs_ends_with_it(house: House) -> None:
    house.leaf(NOW_S)
    late_s = NOW_S + 3_600 * DAY_S
    last = house.leaf(late_s)
    authority = first_certificate(house.local.authority_file)
    assert "ends in 50 days" in house.local.trouble
    assert first_certificate(house.local.leaf_file).not_valid_after_utc <= authority.not_valid_after_utc
    assert house.leaf(late_s + DAY_S) == last, "it cannot be renewed any further"


def test_a_new_authority_signs_what_is_served_next(house: House) -> None:
    house.leaf(NOW_S)
    made = house.local.make_authority(NOW_S)
    house.leaf(NOW_S)
    first_certificate(house.local.leaf_file).verify_directly_issued_by(made.certificate)


@pytest.mark.parametrize("cut", ["authority.key", "authority.crt", "board.pem"])
def test_a_start_that_was_cut_off_at_any_file_is_made_good_by_the_next(
    house: House, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if target.name == cut:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            house.leaf(NOW_S)
    house.leaf(NOW_S)
    authority = house.local.authority(NOW_S)
    first_certificate(house.local.leaf_file).verify_directly_issued_by(authority.certificate)


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file"), (b"", "holds no key"), (b"-----BEGIN", "holds no key"), ("another", "is not the key")],
)
def test_a_key_that_is_lost_or_not_the_authoritys_is_named_with_the_mend(
    house: House, tmp_path: Path, content: bytes | str | None, told: str
) -> None:
    house.leaf(NOW_S)
    before, leaf = house.local.authority_file.read_bytes(), house.local.leaf_file.read_bytes()
    house.local.authority_key_file.unlink()
    if content == "another":
        other = House(tmp_path / "other")
        other.leaf(NOW_S)
        content = other.local.authority_key_file.read_bytes()
    if isinstance(content, bytes):
        house.local.authority_key_file.write_bytes(content)
    assert house.leaf(NOW_S + 89 * DAY_S) == leaf, "a board that is trusted goes on"
    assert "restore it from a back-up" in house.local.trouble
    with pytest.raises(CertificateError, match=f"authority.key: {told}.*restore it from a back-up") as error:
        house.local.current(NOW_S + 91 * DAY_S)
    assert "BEGIN" not in str(error.value)
    assert house.local.authority_file.read_bytes() == before, "no tablet has to be told anew because of a lost key"


def test_names_stand_for_what_they_cover() -> None:
    assert named(HERE).covers(named(HERE[:2]))
    assert not named(HERE[:2]).covers(named(HERE))
    assert named(HERE) | Names(frozenset(), frozenset()) == named(HERE)
