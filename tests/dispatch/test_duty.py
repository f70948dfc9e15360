"""Duty rosters: nights that go over midnight, stand-ins, holidays, clocks that are put back, and gaps that are told."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dispatch import duty
from dispatch.duty import Shift
from dispatch.vocabulary import ShiftKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)
DAY = Shift(begins=time(8), ends=time(20), person="甲")
NIGHT = Shift(begins=time(20), ends=time(8), person="乙")
WEEKDAYS = Shift(days=frozenset(range(5)), begins=time(9), ends=time(17))


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=zone)


def test_without_a_roster_somebody_is_always_on_duty() -> None:
    assert duty.is_on([], SHANGHAI, at(MONDAY, 3))
    assert duty.gaps([], SHANGHAI, MONDAY, 7) == []


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    only_mondays = [Shift(days=frozenset({0}), begins=time(20), ends=time(8))]
    tuesday = MONDAY + timedelta(days=1)
    assert duty.is_on(only_mondays, SHANGHAI, at(tuesday, 7, 59))
    assert not duty.is_on(only_mondays, SHANGHAI, at(tuesday, 8))
    assert not duty.is_on(only_mondays, SHANGHAI, at(tuesday, 21))
    assert duty.until(only_mondays, SHANGHAI, at(MONDAY, 23)) == at(tuesday, 8)


def test_day_and_night_leave_no_gap_and_know_who_is_there() -> None:
    assert duty.gaps([DAY, NIGHT], SHANGHAI, MONDAY, 14) == []
    assert duty.until([DAY, NIGHT], SHANGHAI, at(MONDAY, 12)) is None
    assert duty.on_now([DAY, NIGHT], SHANGHAI, at(MONDAY, 3)) == ("乙",)
    assert duty.on_now([DAY, NIGHT], SHANGHAI, at(MONDAY, 8)) == ("甲",)


def test_a_gap_says_so() -> None:
    gaps = duty.gaps([DAY], SHANGHAI, MONDAY, 1)
    assert gaps == [(at(MONDAY, 0), at(MONDAY, 8)), (at(MONDAY, 20), at(MONDAY + timedelta(days=1), 0))]
    assert duty.again([DAY], SHANGHAI, at(MONDAY, 21)) == at(MONDAY + timedelta(days=1), 8)


def test_a_stand_in_does_the_shifts_and_without_one_there_is_a_gap() -> None:
    stands_in = Shift(kind=ShiftKind.STAND_IN, since=MONDAY, until=MONDAY, person="丙", instead_of="甲")
    nobody = Shift(kind=ShiftKind.STAND_IN, since=MONDAY, until=MONDAY, instead_of="甲")
    assert duty.on_now([DAY, stands_in], SHANGHAI, at(MONDAY, 9)) == ("丙",)
    assert not duty.is_on([DAY, nobody], SHANGHAI, at(MONDAY, 9))
    assert duty.is_on([DAY, nobody], SHANGHAI, at(MONDAY + timedelta(days=1), 9))


def test_a_holiday_has_its_own_hours_or_none() -> None:
    shut = Shift(kind=ShiftKind.HOLIDAY, since=MONDAY, until=MONDAY)
    short = Shift(kind=ShiftKind.HOLIDAY, since=MONDAY, until=MONDAY, begins=time(10), ends=time(12))
    assert not duty.is_on([DAY, shut], SHANGHAI, at(MONDAY, 11))
    assert duty.is_on([DAY, short], SHANGHAI, at(MONDAY, 11))
    assert not duty.is_on([DAY, short], SHANGHAI, at(MONDAY, 13))
    assert duty.is_on([DAY, shut], SHANGHAI, at(MONDAY + timedelta(days=1), 11))


def test_hours_are_the_unit_s_own() -> None:
    urumqi = ZoneInfo("Asia/Urumqi")  # two hours behind
    assert not duty.is_on([WEEKDAYS], urumqi, at(MONDAY, 10, 59))
    assert duty.is_on([WEEKDAYS], urumqi, at(MONDAY, 11))


def test_a_night_when_clocks_are_put_back_lasts_an_hour_longer() -> None:
    berlin, eve = ZoneInfo("Europe/Berlin"), date(2026, 10, 24)
    night = [Shift(days=frozenset({5}), begins=time(20), ends=time(8))]
    (span,) = duty.spans(night, berlin, eve, 1)
    assert span.ends - span.begins == timedelta(hours=13)
    assert duty.is_on(night, berlin, at(eve + timedelta(days=1), 7, 30, berlin))


SHIFTS = st.builds(
    Shift,
    days=st.frozensets(st.integers(0, 6)),
    begins=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    ends=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
)


@given(
    st.lists(SHIFTS, min_size=1, max_size=4),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_moment_is_in_a_gap_or_on_duty_and_never_both(
    roster: list[Shift], moment: datetime, name: str
) -> None:
    zone = ZoneInfo(name)
    first = moment.astimezone(zone).date()
    gaps = duty.gaps(roster, zone, first, 1)
    in_gap = any(begins <= moment < ends for begins, ends in gaps)
    assert in_gap != duty.is_on(roster, zone, moment)
    if not in_gap and (end := duty.until(roster, zone, moment)):
        assert not duty.is_on(roster, zone, end)
        assert duty.is_on(roster, zone, end - timedelta(microseconds=1))
