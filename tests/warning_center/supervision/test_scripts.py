"""Scripts that work: every figure equals a slow recount of the marks, and opens into exactly its cases."""

import random
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch import policies
from dispatch.models import Attempt, Case, Event, PolicyVersion
from dispatch.vocabulary import UNCOUNTED, Disposition, FraudType, Role, Situation, Tier
from dispatch.workflow import closing, scripting, words
from telephony import calls, clock, exchange
from telephony.carrier import CallResult, CallStatus, Update
from tests import factories
from tests.factories import START, Centre
from warning_center.models import Directive
from warning_center.supervision import rates
from warning_center.supervision.pages.address import read
from warning_center.supervision.pages.helped import sheets
from warning_center.supervision.rollups import keep, recount

LINK = re.compile(r'<a href="(/supervision/cases\?[^"]+)">([\d,]+)</a>')
Enter = Callable[..., Client]


@pytest.fixture(autouse=True)
def moving(settings: Settings) -> None:
    settings.CLOCK = "telephony.clock.moving"
    clock.moving.set(START + timedelta(days=13))


class Talks:
    """A few persons are warned again and again, rung, judged, their cases closed and followed; calls are marked."""

    def __init__(self, place: Centre, chance: random.Random) -> None:
        self.place, self.chance, self.now = place, chance, START
        self.by = [place.user(), place.user(Role.SUPERVISOR)]

    def go_on(self, nth: int) -> None:
        self.now += timedelta(minutes=self.chance.choice((2, 30, 600)))
        kind = self.chance.choice(("authority", "loan"))
        number = self.chance.randint(1, 9)
        case = factories.directive(self.place, f"R{nth}", number=number, now=self.now, fraud_word=kind)
        exchange.connect(now=self.now)
        for _ in range(3):
            self._mark()
        live = Attempt.objects.live().filter(tier=Tier.VOICE, started_at__isnull=False).select_related("call")
        attempt = self.chance.choice([*live, None])
        if attempt is not None and attempt.call is not None:
            news = Update(str(attempt.call.key), CallStatus.ENDED, CallResult.ANSWERED)
            calls.hear(news, now=self.now)
            word = self.chance.choice((Disposition.FALSE_ALARM, Disposition.DENIES, Disposition.PERSUADED))
            words.judge(attempt_id=attempt.pk, disposition=word, now=self.now, by=self.by[0])
        if self.chance.random() < 0.15 and Case.objects.get(pk=case.pk).is_open:
            closing.void(case_id=case.pk, by=self.by[1], why="twice", now=self.now)
        self.now += timedelta(minutes=1)
        self._mark()

    def _mark(self) -> None:
        begun = Attempt.objects.filter(tier=Tier.VOICE, started_at__isnull=False).select_related("case")
        attempt = self.chance.choice([*begun.order_by("pk"), None])
        if attempt is None:
            return
        one = self.chance.choice((Situation.FIRST_CONTACT, Situation.DENIES))
        version = policies.current(PolicyVersion.Kind.SCRIPTS, self.now)
        script = policies.scripts_of(version.pk).script(FraudType(attempt.case.fraud_type), one)
        scripting.mark(
            attempt_id=attempt.pk,
            version=1,
            situation=one,
            helped=self.chance.random() < 0.6,
            sentence=self.chance.choice(script.say).id if self.chance.random() < 0.5 else "",
            by=self.chance.choice(self.by),
            now=self.now,
        )


def slow() -> dict[str, dict[str, set[int]]]:
    """By cut and key the directives, found by walking the record itself, one mark after the other."""
    found: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for directive in Directive.objects.select_related("case"):
        chain = [
            one
            for one in Case.objects.order_by("pk")
            if (one.chain_id or one.pk) == (directive.case.chain_id or directive.case_id)
        ]
        home: int | None = None
        newest: dict[int, Event] = {}
        for case in chain:
            first = (
                Directive.objects.filter(case=case).order_by("received_at", "pk").values_list("pk", flat=True)
            )
            home = first[0] if first else home
            if home == directive.pk and case.outcome not in UNCOUNTED:
                for event in Event.objects.filter(case=case, verb="script_marked").order_by("at", "pk"):
                    newest[event.detail["attempt"]] = event
        told: dict[str, Event] = {}
        for event in sorted(newest.values(), key=lambda e: (e.at, e.detail["attempt"])):
            told[f"{event.detail['fraud']}.{event.detail['situation']}"] = event
        for key, event in told.items():
            found["script"][key].add(directive.pk)
            if event.detail["helped"]:
                found["script_yes"][key].add(directive.pk)
                if sentence := event.detail.get("sentence"):
                    found["sentence"][f"{key}.{sentence}"].add(directive.pk)
    return found


@pytest.mark.parametrize("seed", [8])
def test_figures_equal_a_slow_recount_and_open_into_exactly_their_cases(place: Centre, seed: int) -> None:
    chance = random.Random(seed)
    life = Talks(place, chance)
    for nth in range(20):
        life.go_on(nth)
        if chance.random() < 0.2:
            keep.keep(limit=7)  # at any moment, of any part
    keep.keep_up()
    assert recount.check().differences == ()
    expected = slow()
    assert sum(map(len, expected["script"].values())) > 5
    asked = read({}, scope=None, now=life.now)
    for cut in ("script", "script_yes", "sentence"):
        kept = asked.reading.cut(cut)
        told = {key: sum(row.directives for row in rows) for key, rows in kept.items()}
        assert told == {key: len(all_) for key, all_ in expected[cut].items()}, cut
        for key, all_ in expected[cut].items():
            listed = asked.reading.behind("received", cut, key).values_list("directive", flat=True)
            assert set(listed) == all_, (cut, key)
    by_script = sheets(asked)[0]
    for row in by_script.rows:
        marked, yes, share = row[1].number, row[2].number, row[3].number
        assert marked
        assert yes is not None
        assert share == yes / marked
        low, high = rates.wilson(int(yes), int(marked))
        assert row[4].text == f"{100 * low:.1f}–{100 * high:.1f}"


def test_the_page_tells_what_helped_and_each_number_is_a_link(place: Centre) -> None:
    chief = place.user(Role.SUPERVISOR)
    for number in range(3):
        case = factories.directive(place, f"R{number}", number=number)
        call = factories.answer(case, now=START + timedelta(minutes=number))
        scripting.mark(
            attempt_id=call.pk,
            version=1,
            situation=Situation.FIRST_CONTACT,
            helped=number < 2,
            sentence="auth-no-safe-account" if number == 0 else "",
            by=chief,
            now=START + timedelta(minutes=number),
        )
        words.judge(
            attempt_id=call.pk,
            disposition=Disposition.PERSUADED if number else Disposition.DENIES,
            now=START + timedelta(minutes=number + 3),
            by=chief,
        )
    keep.keep_up()
    client = Client(headers={"accept-language": "en"})
    client.force_login(chief)
    page = client.get("/supervision/by/scripts").content.decode()
    assert "Scripts that work" in page
    assert "There is no “safe account”" in page
    assert "not significant" in page  # of so few: nothing is ranked
    links = LINK.findall(page)
    for address, figure in links:
        assert client.get(unescape(address)).context["directives"] == int(figure), address
    told = [(int(a[1]), int(b[1])) for a, b in zip(links[::2], links[1::2], strict=True)]
    assert told[:4] == [(3, 2), (3, 1), (3, 2), (3, 2)]  # the script, its sentence, its version; who agreed
    listed = client.get("/supervision/cases?cut=script_yes&key=authority.first_contact")
    assert {line.reference for line in listed.context["cases"]} == {"R0", "R1"}


def test_a_mark_leaves_a_note_in_its_own_transaction(place: Centre) -> None:
    case = factories.directive(place, "A", number=1)
    call = factories.answer(case, now=START)
    keep.keep_up()
    scripting.mark(
        attempt_id=call.pk,
        version=1,
        situation=Situation.DENIES,
        helped=True,
        by=place.user(),
        now=START + timedelta(minutes=1),
    )
    assert keep.behind() == 1
