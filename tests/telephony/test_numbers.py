"""Telephone numbers: what means the same, what is none, what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import numbers

MOBILE = "+8619000000001"
LAND_LINE = "+862387654321"


@pytest.mark.parametrize(
    "text",
    [
        "19000000001",
        "+8619000000001",
        "8619000000001",
        "008619000000001",
        "+86 190 0000 0001",
        "190-0000-0001",
        "（190）0000 0001",
        "19000000001".translate({ord("0") + n: ord("０") + n for n in range(10)}),
        "+86　１９０ ００００ ０００１",
        "190.0000.0001",
        "190–0000—0001",
    ],
)
def test_however_a_mobile_number_is_written_it_is_one(text: str) -> None:
    assert numbers.normalise(text) == MOBILE


@pytest.mark.parametrize("text", ["023-87654321", "02387654321", "+86 23 8765 4321", "(023) 8765-4321"])
def test_a_land_line_keeps_its_area_code(text: str) -> None:
    assert numbers.normalise(text) == LAND_LINE


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("010-12345678", "+861012345678"),
        ("0851-87654321", "+8685187654321"),
        ("0851-7654321", "+868517654321"),
    ],
)
def test_area_codes_are_of_two_or_three_digits(text: str, number: str) -> None:
    assert numbers.normalise(text) == number


@pytest.mark.parametrize("text", ["+85212345678", "+1 415 555 0100", "+4915112345678"])
def test_a_number_from_abroad_keeps_its_country(text: str) -> None:
    assert numbers.normalise(text) == "+" + "".join(c for c in text if c.isdigit())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "110",
        "96110",
        "12345678901",
        "1900000000",
        "190000000011",
        "+",
        "++8619000000001",
        "张三",
        "+1234567",
        "١٩٠٠٠٠٠٠٠٠١",
        "+١٩٠٠٠٠٠٠٠٠١",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(numbers.BadNumber) as met:
        numbers.normalise(text)
    assert len(text) < 5 or text not in str(met.value)


@given(st.text(max_size=24))
def test_whatever_is_written_is_normal_or_refused(text: str) -> None:
    try:
        number = numbers.normalise(text)
    except numbers.BadNumber:
        return
    assert number[0] == "+"
    assert number[1:].isdecimal()
    assert number[1:].isascii()
    assert numbers.normalise(number) == number


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "86", "0086", "+86 "]))
def test_the_country_changes_no_mobile_number(national: str, country: str) -> None:
    assert numbers.normalise(country + national) == "+86" + national


def test_a_mask_shows_the_ends_only() -> None:
    assert numbers.mask(MOBILE) == "190****0001"
    assert numbers.mask("+8612345") == "****"
    assert numbers.mask("") == "****"


def test_an_index_tells_nothing_and_is_the_same_each_time() -> None:
    assert numbers.index(MOBILE) == numbers.index(MOBILE)
    assert numbers.index(MOBILE) != numbers.index(LAND_LINE)
    assert "19000000001" not in numbers.index(MOBILE)
    assert len(numbers.index(MOBILE)) == 64
