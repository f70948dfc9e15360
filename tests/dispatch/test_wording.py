"""The record in words: what pages must be able to read, whatever the detail is called."""

import re

import pytest
from django.utils import translation

from dispatch import choosing, sentences, wording
from dispatch.models import Event, Unit
from dispatch.vocabulary import UnitKind
from tests.factories import START
from tests.test_house import ROOT

UNITS = {
    1: Unit(pk=1, name="七迳派出所"),
    2: Unit(pk=2, name="马店河"),
    3: Unit(pk=3, kind=UnitKind.CITY, name="茂名市"),
}


def told(verb: str, **detail: object) -> str:
    with translation.override("en"):
        return wording.sentence(Event(at=START, verb=verb, detail=detail), UNITS)


def test_a_file_that_was_taken_out_is_no_sum_of_money() -> None:
    assert told("exported", what="overview", kind="csv") == "Figures taken out"
    assert told("sum", kind="lost", amount="12") == "lost: ¥12.00"


@pytest.mark.parametrize(
    ("verb", "detail", "words"),
    [
        (
            "passed_on",
            {"unit": 3, "passed_by": [1, 2]},
            "Not acknowledged in time: now 茂名市 is asked; 七迳派出所, 马店河 is told",
        ),
        (
            "hand_over_proposed",
            {"city": "330700", "unit": 3},
            "The person is in another city, 330700 茂名市: hand the case over?",
        ),
        ("assigned", {"tier": "follow_up", "to": "wang"}, "follow-up: given to wang"),
        ("printed", {"unit": 2}, "List of checks printed, 马店河"),
        (
            "loaded",
            {"what": "a.csv", "added": 1, "changed": 2, "closed": 0},
            "Units loaded from a.csv: 1 added, 2 changed, 0 closed",
        ),
    ],
)
def test_lines_about_units_are_sentences(verb: str, detail: dict[str, object], words: str) -> None:
    assert told(verb, **detail) == words


def test_a_choice_is_told_with_what_was_nearer_and_how_the_place_is_known() -> None:
    sent = {"unit": 1, "km": 1.2, "until": "2026-03-02T20:00:00+08:00", "visits": 1, "room": 4, "why": ""}
    nearer = [{"unit": 2, "km": 0.8, "why": "off_duty"}]
    place = {"kind": "registered", "exact": False, "metres": None, "age": 7200, "stale": False}
    with translation.override("en"):
        words = choosing.in_words({"sent": sent, "nearer": nearer, "place": place}, UNITS)
        assert choosing.in_words({}, UNITS) == ""
        assert choosing.in_words({"place": place}, UNITS) == "nobody can be sent"
    assert words == (
        "七迳派出所: 1.2 km, on duty until 03-02 20:00, 1 of 4 visits; nearer 马店河: off duty; "
        "the place: registered address, known only by its area"
    )


def test_why_somebody_was_refused_is_said_in_the_readers_language_and_their_own_words_as_they_are() -> None:
    with translation.override("zh-hans"):
        for why in sentences.REFUSALS:
            assert wording.sentence(Event(verb="refused", why=why)) != f"拒绝：{why}"
        assert wording.sentence(Event(verb="lowered", why="supervisors only")).endswith("supervisors only")


def test_every_refusal_in_the_code_is_among_them() -> None:
    written = re.compile(r'"refused"[^\n]*why="([^"]+)"')
    rooms = (ROOT / room for room in ("dispatch", "warning_center"))
    found = {
        why
        for room in rooms
        for file in room.rglob("*.py")
        for why in written.findall(file.read_text("utf-8"))
    }
    assert found <= set(sentences.REFUSALS)
    assert len(found) > 10
