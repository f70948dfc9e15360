"""A case in one line: its level, what is happening now, what comes next, what was promised. Frozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.models import Attempt, Case, Order
from dispatch.models.choices import name
from dispatch.vocabulary import FraudType, Level, Outcome, Stage, Tier
from dispatch.wording import MARKS

DAY = timedelta(days=1)
NEAR = 60  # seconds
AT_A_DESK = (Stage.DIALLED, Stage.TALKING, Stage.JUDGING)


@dataclass(frozen=True, slots=True)
class Mark:
    """A level as word, shape and colour."""

    number: int
    shape: str
    word: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on a page: what it is for, how far off it is, and when exactly."""

    words: str
    at: datetime
    off: str  # 04:12, or +03:12 once it has passed
    passed: bool
    left: int = 0  # seconds still to go; negative once it has passed

    @property
    def tone(self) -> str:
        """`broken`, `near` (within a minute) or `well`: what its colour and its mark say."""
        return "broken" if self.passed else "near" if self.left <= NEAR else "well"


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One row of the queue."""

    now: tuple[str, ...]
    next: Moment | None
    promise: Moment | None
    on_it: str = ""


def mark(level: int) -> Mark:
    return Mark(level, MARKS[Level(level)], name(Level(level)))


def line(case: Case, attempts: Iterable[Attempt], orders: Iterable[Order], now: datetime) -> CaseLine:
    """The row of a case with its live attempts and open orders."""
    if not case.is_open:
        closed = timezone.localtime(case.closed_at).strftime("%m-%d %H:%M") if case.closed_at else ""
        return CaseLine((f"{name(Outcome(case.outcome))} {closed}",), None, None)
    live = sorted(attempts, key=lambda attempt: (-attempt.tier, attempt.pk))
    begun = [attempt for attempt in live if attempt.stage != Stage.PLANNED]
    planned = [attempt for attempt in live if attempt.stage == Stage.PLANNED]
    happening = [doing(attempt) for attempt in begun]
    happening += [_("waits for a line") for a in planned if a.call_id and a.starts_at <= now]
    promises = [moment(promised(attempt), attempt.due_at, now) for attempt in begun if attempt.due_at]
    promises += [moment(_("bank's answer"), order.due_at, now) for order in orders]
    nexts = [moment(name(Tier(a.tier)), a.starts_at, now) for a in planned]
    if not happening:
        happening = [_("waits for: {tier}").format(tier=name(Tier(a.tier))) for a in planned]
    return CaseLine(
        tuple(happening),
        min(nexts, key=lambda m: m.at, default=None),
        min(promises, key=lambda m: m.at, default=None),
        on_it(case, live, now),
    )


def doing(attempt: Attempt) -> str:
    """`上门 已派出 · 七迳派出所`."""
    words = f"{name(Tier(attempt.tier))} {name(Stage(attempt.stage))}"
    return f"{words} · {attempt.unit}" if attempt.unit and attempt.tier == Tier.VISIT else words


def promised(attempt: Attempt) -> str:
    """What the running stage's time limit promises."""
    return {
        Stage.DIALLED: _("an answer"),
        Stage.TALKING: _("the end of the talk"),
        Stage.JUDGING: _("a disposition"),
        Stage.SENT: _("acknowledge"),
        Stage.ACKNOWLEDGED: _("arrive"),
        Stage.ARRIVED: _("report"),
        Stage.CHECKING: _("check"),
        Stage.WATCHING: _("watch ends"),
    }.get(Stage(attempt.stage), _("a line"))


def moment(words: str, at: datetime, now: datetime) -> Moment:
    passed = at < now
    return Moment(
        words, at, ("+" if passed else "") + span(abs(at - now)), passed, round((at - now).total_seconds())
    )


def ago(at: datetime, now: datetime) -> str:
    """`3 分钟前`; from a day on the date, with the year if it is another."""
    seconds = int((now - at).total_seconds())
    if seconds < 5:
        return _("just now")
    if seconds < 60:
        return ngettext("{n} second ago", "{n} seconds ago", seconds).format(n=seconds)
    if seconds < 3600:
        return ngettext("{n} minute ago", "{n} minutes ago", seconds // 60).format(n=seconds // 60)
    if seconds < 86400:
        return ngettext("{n} hour ago", "{n} hours ago", seconds // 3600).format(n=seconds // 3600)
    local, today = timezone.localtime(at), timezone.localtime(now)
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def on_it(case: Case, attempts: Iterable[Attempt], now: datetime) -> str:
    """Who is on a case this moment: whoever holds it, else the desk that talks with them; "" for nobody."""
    if case.is_held_by_another(None, now) and case.holder is not None:
        return str(case.holder.get_full_name() or case.holder)
    desks = (a.call.desk for a in attempts if a.call and a.stage in AT_A_DESK)
    return next((str(desk) for desk in desks if desk), "")


def span(length: timedelta) -> str:
    """`04:12`, `2:04:12`, `3 天`."""
    if length >= 2 * DAY:
        return ngettext("{n} day", "{n} days", length.days).format(n=length.days)
    seconds = int(length.total_seconds())
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def person(case: Case, now: datetime) -> str:
    """`张* 47 女`: who it is about, masked."""
    target = case.target
    age = str(timezone.localtime(now).year - target.birth_year) if target.birth_year else ""
    sex = {"male": _("male"), "female": _("female")}.get(target.sex, "")
    return " ".join(filter(None, (target.masked_name or _("unnamed"), age, sex)))


def fraud(case: Case) -> str:
    return name(FraudType(case.fraud_type))


def exact(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


def yuan(amount: Decimal | None) -> str:
    return "" if amount is None else f"¥{amount:,.2f}"
