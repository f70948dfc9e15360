"""Taking in what a directive reports: who it is about, and whether it opens a case, joins one or tells of a relapse."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from dispatch import policies, record, risk
from dispatch.models import Case, Contact, Sum, Target
from dispatch.policies import InForce
from dispatch.vocabulary import FraudType, Level, Money, NewsKind, Outcome, PlaceKind, State
from dispatch.workflow import news, persons
from dispatch.workflow.closing import fold, raise_to
from dispatch.workflow.facts import History, Surroundings, larger, newborn, risk_facts
from dispatch.workflow.persons import Identity
from dispatch.workflow.places import beats, mark_astray, propose_hand_over, settle, take
from dispatch.workflow.report import Place, Related, Report
from dispatch.workflow.turn import advance, begin, succeed
from telephony.prepared import prepared
from telephony.writeback import insert

WARNED_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Opening:
    """What became of a report."""

    case: Case
    joined: bool


@transaction.atomic(savepoint=False)
def take_in(report: Report, *, judge: InForce, now: datetime) -> Opening:
    """Open a case for the person, or join the one that is open, and let it take its turn.

    A report issued after they had agreed, while in follow-up, is a relapse: the case closes and a critical
    one opens. The person's rows are locked first, so that two reports of one person make one case.
    """
    who = persons.identify(report.person, now)
    for related in report.contacts:
        _note_contact(who.target, related, now)
    case = None if who.is_new else _open_case_of(who.target)
    if case is None:
        try:
            with transaction.atomic(savepoint=not who.is_new):
                return Opening(_open(who, report, judge, now), joined=False)
        except IntegrityError:  # a late word has opened one meanwhile
            if who.is_new:
                raise
            case = _open_of.get(who.target.pk)
    elif _is_relapse(case, report):
        return Opening(_relapse(case, report, now), joined=False)
    _join(case, report, judge, now)
    return Opening(_moved_on(case, report, now), joined=True)


def _moved_on(case: Case, report: Report, now: datetime) -> Case:
    _say_sums(case, report, now)
    advance([case.pk], now=now)
    return Case.objects.get(pk=case.pk)


def _open_case_of(target: Target) -> Case | None:
    return _open_of.first(target.pk)


@prepared
def _open_of(target_id: int) -> QuerySet[Case]:
    return Case.objects.open().filter(target=target_id).select_for_update(of=("self",))


def _open(who: Identity, report: Report, judge: InForce, now: datetime) -> Case:
    case = _new_case(who, report, judge, now)
    _say_sums(case, report, now)
    begin(case, newborn(case, who.numbers, now), judge.risk, now=now)
    return case


def _new_case(who: Identity, report: Report, judge: InForce, now: datetime) -> Case:
    target = who.target
    last = None if who.is_new else _last_of.first(target.pk)
    recent = 0 if who.is_new else len(_opened_since(target.pk, now - WARNED_WITHIN))
    sizes = dict(report.sizes)
    sizes["warnings_30d"] = max(sizes.get("warnings_30d", 0), recent)
    if last is not None and last.agreed_at is not None:
        sizes["agreed_before"] = 1
    rules = policies.escalation_rules(judge.escalation.pk)
    case = Case(
        target=target,
        fraud_type=report.fraud,
        fallback=report.fallback,
        policy=judge.escalation,
        opened_at=now,
        issued_at=min(report.issued_at, now),
        due_at=now,
        upstream_level=report.upstream,
        sizes=sizes,
        previous=last,
        chain_id=(last.chain_id or last.pk) if last else None,
    )
    if last is not None:  # the last place known may come from an earlier case
        _take_place_of(last, case)
    if beats(report.place, report.issued_at, case, rules.place_lasts):
        take(case, report.place, report.issued_at)
    home = settle(case, rules)
    case.level = _judged(case, History(Surroundings(now)), judge)
    insert([case])
    numbers = [use.phone_id for use in who.numbers]
    told = record.reported(case, issued=case.issued_at, upstream=report.upstream, numbers=numbers)
    record.write(
        "opened", now=now, case=case, agent=report.source, level=Level(case.level).code, reported=told
    )
    propose_hand_over(case, home, now=now, agent=report.source)
    return case


@prepared
def _last_of(target: int) -> QuerySet[Case]:
    return Case.objects.filter(target=target).to_follow()[:1]


@prepared
def _opened_since(target: int, since: datetime) -> QuerySet[Case, int]:
    recent = Case.objects.filter(target=target, opened_at__gte=since)
    return recent.order_by().values_list("pk", flat=True)


def _take_place_of(last: Case, case: Case) -> None:
    kind = PlaceKind(last.place_kind) if last.place_kind else None
    place = Place(last.lat, last.lon, last.adcode, last.address, kind, last.place_accuracy)
    if place:
        take(case, place, last.place_at or last.opened_at)


def _judged(case: Case, history: History, judge: InForce) -> Level:
    """The level that what has been reported gives by itself; its reasons are written when the case takes its turn."""
    return risk.assess(risk_facts(case, history), judge.risk.rules).level


def _is_relapse(case: Case, report: Report) -> bool:
    return case.state == State.FOLLOW_UP and case.agreed_at is not None and report.issued_at > case.agreed_at


def _relapse(case: Case, report: Report, now: datetime) -> Case:
    fold(case, Outcome.RELAPSED, now=now, agent=report.source)
    successor = succeed(case, level=Level.CRITICAL, now=now)
    _take_facts(successor, report, now)
    successor.save()
    record.opened_after(successor, now=now, issued=report.issued_at, agent=report.source)
    return _moved_on(successor, report, now)


def _join(case: Case, report: Report, judge: InForce, now: datetime) -> None:
    home, where = case.unit_id, (case.lat, case.lon, case.address)
    astray = _take_facts(case, report, now)
    case.due_at = now
    told = record.reported(
        case, issued=report.issued_at, upstream=report.upstream, moved=case.unit_id != home, astray=astray
    )
    record.write("joined", now=now, case=case, agent=report.source, reported=told)
    if where != (case.lat, case.lon, case.address):
        news.tell_who_goes(case, NewsKind.MOVED, now=now)
    judged = _judged(case, History(Surroundings(now), attempts=list(case.attempts.all())), judge)
    level = max(report.upstream or Level.LOW, judged if judged > case.assessed_level else Level.LOW)
    if level > case.level:
        raise_to(case, level, now=now, agent=report.source)
    case.save()


def _take_facts(case: Case, report: Report, now: datetime) -> bool | None:
    """The larger danger counts; the newer place and the newest issue time.

    Whether that leads the last visit astray; None: there was none, or nothing new is known of the place.
    """
    astray = None
    case.sizes = larger(case.sizes, report.sizes)
    case.upstream_level = max(filter(None, (case.upstream_level, report.upstream)), default=None)
    if report.fraud is not FraudType.OTHER and case.fraud_type == FraudType.OTHER:
        case.fraud_type = report.fraud
    rules = policies.escalation_rules(case.policy_id)
    if beats(report.place, report.issued_at, case, rules.place_lasts):
        take(case, report.place, report.issued_at)
    if report.place or case.place_at is None:  # the ID number alone may tell more than was known
        home = settle(case, rules, fallback=report.fallback)
        propose_hand_over(case, home, now=now, agent=report.source)
        astray = mark_astray(case, now)
    case.issued_at = max(case.issued_at, report.issued_at)
    return astray


def _note_contact(target: Target, related: Related, now: datetime) -> None:
    known = any(contact.number == related.number for contact in target.contacts.all())
    if not known:
        Contact.objects.create(
            target=target, relation=related.relation, name=related.name, number=related.number, added_at=now
        )


def _say_sums(case: Case, report: Report, now: datetime) -> None:
    if report.amount is None:
        return
    kind = Money.LOST if report.sizes.get("money_moved") else Money.AT_RISK
    insert([Sum(case=case, kind=kind, amount=report.amount, at=now, said_by=report.source)])
