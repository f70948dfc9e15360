"""What leaves the centre: files with masked persons and without small counts, on record; reports made once."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pytest_django import Settings

from dispatch.models import Event, Unit
from dispatch.vocabulary import Disposition, Role
from telephony import clock
from tests import factories
from tests.factories import START, Centre
from warning_center.models import Report
from warning_center.supervision import exports, reports
from warning_center.supervision.pages.sheet import Sheet, Value, counted, plain
from warning_center.supervision.rollups import keep

Enter = Callable[..., Client]
SOON = START + timedelta(seconds=20)


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=1))


@pytest.fixture
def enter(place: Centre) -> Enter:
    def logged_in(unit: Unit | None = None) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(place.user(Role.SUPERVISOR, unit))
        return client

    return logged_in


@pytest.fixture
def history(place: Centre) -> Centre:
    for number in range(7):
        case = factories.directive(place, f"R{number}", number=number, amount="10000")
        if number % 2:
            factories.judged(case, Disposition.PERSUADED, now=SOON)
    keep.keep_up()
    return place


def rows(answer: object) -> list[list[str]]:
    content: bytes = answer.content  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_pages_tables_leave_as_csv_and_as_excel_with_the_same_numbers(
    history: Centre, enter: Enter
) -> None:
    client = enter()
    told = rows(client.get("/supervision/by/type.csv"))
    assert told[0] == ["By fraud type"]
    assert told[2][:4] == ["false police or authority", "7.0", "0.0", "0.0"]
    page = load_workbook(io.BytesIO(client.get("/supervision/by/type.xlsx").content)).worksheets[0]
    assert [cell.value for cell in page[3]][:4] == ["false police or authority", 7, 0, 0]
    assert client.get("/supervision/by/type.exe").status_code == 404
    assert client.get("/supervision/by/nothing.csv").status_code == 404
    assert Event.objects.filter(verb="exported").count() == 2
    assert Event.objects.filter(verb="exported").latest("pk").detail["what"] == "type"


def test_a_list_leaves_with_its_persons_masked(history: Centre, enter: Enter) -> None:
    told = rows(enter().get("/supervision/cases.csv?part=agreed"))
    assert len(told) == 1 + 3
    assert "测**" in told[1][3]
    assert "测试人" not in str(told)


def test_a_county_takes_out_its_own_only(history: Centre, enter: Enter) -> None:
    client = enter(history.other)
    assert len(rows(client.get("/supervision/cases.csv?part=received"))) == 1
    assert "电白区" not in client.get("/supervision/overview.csv").content.decode("utf-8-sig")


def test_few_persons_are_hidden_in_files_and_shown_on_the_page(history: Centre, enter: Enter) -> None:
    case = factories.directive(history, "X", number=40)
    case.target.occupation = "飞行员"
    case.target.save()
    keep.keep_up()
    told = {row[0]: row for row in rows(enter().get("/supervision/by/people.csv")) if row}
    assert set(told["飞行员"][1:]) == {"*"}
    assert "飞行员" in enter().get("/supervision/by/people").content.decode()


small_tables = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)


@given(small_tables)
def test_no_hidden_count_follows_from_the_others(numbers: list[tuple[int, int]]) -> None:
    table = tuple(
        (plain(n), counted(max(pair)), counted(min(pair)), Value("–")) for n, pair in enumerate(numbers)
    )
    sheet = exports.hidden(Sheet("age", "age", ("age", "n", "k", "rate"), table, people=True))
    shown = [row for row in sheet.rows if row[1].text != "*"]
    assert not [v for row in shown for v in row[1:] if v.number is not None and 0 < v.number < exports.SMALL]
    hidden_rows = len(sheet.rows) - len(shown)
    with_people = [pair for pair in numbers if max(pair)]
    assert hidden_rows != 1 or len(with_people) == 1  # else the total would tell it


def test_a_text_is_never_a_formula(place: Centre) -> None:
    told = exports.as_csv([["=1+1", "@x", 3.0, "plain"]]).decode("utf-8-sig")
    assert told.strip() == "'=1+1,'@x,3.0,plain"


def test_reports_of_a_day_a_week_and_a_month_are_made_once_each(history: Centre, enter: Enter) -> None:
    monday = START + timedelta(days=7)  # the start is a Monday
    early = monday.replace(hour=5)
    assert reports.make_due(now=early) == 0
    assert (
        reports.make_due(now=START + timedelta(days=1), most=1) == 1
    )  # the day, of the city and of the county
    assert reports.make_due(now=START + timedelta(days=1)) == 1
    assert reports.make_due(now=START + timedelta(days=1)) == 0
    assert reports.make_due(now=monday) == 2  # the week
    assert {(r.kind, str(r.since), str(r.until)) for r in Report.objects.all()} == {
        ("daily", "2026-03-02", "2026-03-02"),
        ("weekly", "2026-03-02", "2026-03-08"),
    }
    paper = bytes(Report.objects.earliest("pk").paper)
    assert paper.startswith(b"%PDF")
    client = enter(history.other)
    assert client.get(f"/supervision/reports/{Report.objects.earliest('pk').pk}.pdf").status_code == 404
    client = enter()
    assert client.get("/supervision/reports").content.count(b".pdf") == 4
    assert client.get(f"/supervision/reports/{Report.objects.earliest('pk').pk}.pdf").content == paper


@pytest.mark.parametrize(
    ("kind", "today", "since", "until"),
    [
        ("daily", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("weekly", "2026-03-02", "2026-02-23", "2026-03-01"),
        ("weekly", "2026-03-08", "2026-02-23", "2026-03-01"),
        ("monthly", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("monthly", "2026-01-01", "2025-12-01", "2025-12-31"),
    ],
)
def test_a_report_is_of_the_newest_period_that_has_ended(
    kind: str, today: str, since: str, until: str
) -> None:
    told = reports.last(Report.Kind(kind), date.fromisoformat(today))
    assert [str(day) for day in told] == [since, until]


def test_the_command_writes_one_report_or_those_that_are_due(history: Centre, tmp_path: Path) -> None:
    paper = tmp_path / "day.pdf"
    call_command("report", kind="daily", unit=history.city.adcode, to=paper)
    assert paper.read_bytes().startswith(b"%PDF")
    with pytest.raises(CommandError, match="--unit"):
        call_command("report", kind="daily", unit="000000", to=paper)
    call_command("report")
    assert Report.objects.exists()
