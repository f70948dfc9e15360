"""ID numbers: normalised, checked, read for what they say, and never shown whole."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.identity import BadIdNumber, check_digit, mask_id, mask_name, read

# The worked example of GB 11643-1999's own text.
EXAMPLE = "11010519491231002X"
FIRST_17 = st.integers(10**16, 10**17 - 1).map(str)


def test_the_standards_own_example() -> None:
    who = read(EXAMPLE)
    assert who.check_agrees
    assert (who.adcode, who.born, who.sex) == ("110105", date(1949, 12, 31), "female")


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "110105-19491231-002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５　１９４９１２３１　００２ｘ",
    ],
)
def test_however_it_is_written_it_is_one_number(written: str) -> None:
    assert read(written).number == EXAMPLE


def test_an_old_number_of_15_digits_becomes_18() -> None:
    assert read("110105491231002").number == EXAMPLE


@pytest.mark.parametrize(
    "written", ["", "123", "11010519491231002", "1101051949123100222", "A1010519491231002X"]
)
def test_what_is_no_id_number_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(BadIdNumber) as refused:
        read(written)
    assert not written or written not in str(refused.value)


def test_a_wrong_check_digit_is_told_and_not_refused() -> None:
    assert not read("110105194912310021").check_agrees


def test_digits_that_are_no_date_leave_the_birthday_open() -> None:
    first = "11010519990231002"
    who = read(first + check_digit(first))
    assert who.born is None
    assert who.age_on(date(2026, 3, 2)) is None


@pytest.mark.parametrize(
    ("day", "age"), [(date(2026, 12, 30), 76), (date(2026, 12, 31), 77), (date(2027, 1, 1), 77)]
)
def test_age_counts_whole_years(day: date, age: int) -> None:
    assert read(EXAMPLE).age_on(day) == age


@given(FIRST_17)
def test_reading_what_was_read_changes_nothing(first: str) -> None:
    number = first + check_digit(first)
    who = read(number)
    assert who.number == number
    assert who.check_agrees
    assert read(who.number) == who


@given(FIRST_17, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_agrees_with_the_check(first: str, place: int, by: int) -> None:
    wrong = f"{first[:place]}{(int(first[place]) + by) % 10}{first[place + 1 :]}"
    assert not read(wrong + check_digit(first)).check_agrees


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), ("张三丰", "张**"), ("欧阳娜娜", "欧***"), ("李", "*"), ("", "")]
)
def test_a_name_shows_its_first_character_at_most(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_an_id_number_shows_its_area_and_last_character() -> None:
    assert mask_id(EXAMPLE) == "110105***********X"
    assert mask_id("1234") == "****"


@given(st.text(min_size=2, max_size=40))
def test_a_mask_shows_no_more_and_not_how_long_the_name_is(name: str) -> None:
    shown = mask_name(name)
    assert shown[0] == name[0]
    assert set(shown[1:]) == {"*"}
    assert len(shown) <= 4
