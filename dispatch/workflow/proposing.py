"""Hand-overs to another centre: proposed by whoever works the case, or by where the person is (`places`); accepted or
declined by who leads the shift."""

from datetime import datetime

from django.db import transaction

from dispatch import record
from dispatch.models import Case, Proposal, User
from dispatch.workflow import closing, leading
from dispatch.workflow.desk import at_the_desk, lock_open
from dispatch.workflow.refusal import NotAllowedError


@transaction.atomic
def propose(*, case_id: int, to: str, why: str, by: User, now: datetime) -> Proposal:
    """Propose that another centre takes a case; a shift lead finds it on the board.

    Nothing else moves: until it is accepted the case is ours. Raises NotAllowedError.
    """
    at_the_desk(by)
    if not to.strip() or not why.strip():
        raise NotAllowedError("name the centre, and why")
    case = lock_open(case_id)
    if Proposal.objects.filter(case=case, decided_at=None).exists():
        raise NotAllowedError("a hand-over is proposed already")
    made = Proposal.objects.create(case=case, to=to.strip()[:64], why=why.strip()[:200], by=by, at=now)
    record.write("proposed", now=now, case=case, by=by, why=made.why, to=made.to)
    return made


@transaction.atomic
def accept(*, proposal_id: int, by: User, now: datetime) -> Case:
    """Hand the case over as proposed. Raises NotAllowedError; a leading operator's own is another's to decide."""
    proposal = _undecided(proposal_id, by)
    if proposal.by_id == by.pk and not by.is_a(*leading.CHIEFS):
        raise NotAllowedError("your own proposal is another's to decide")
    why = ": ".join(filter(None, (proposal.to, proposal.why)))
    return closing.hand_over(case_id=proposal.case_id, by=by, why=why, now=now)


@transaction.atomic
def decline(*, proposal_id: int, why: str, by: User, now: datetime) -> None:
    """The case stays ours; why, is on its record. Raises NotAllowedError."""
    if not why.strip():
        raise NotAllowedError("a reason is needed")
    proposal = _undecided(proposal_id, by)
    proposal.accepted, proposal.decided_at, proposal.decided_by = False, now, by
    proposal.save(update_fields=["accepted", "decided_at", "decided_by"])
    record.write("proposal_declined", now=now, case=proposal.case, by=by, why=why.strip(), to=proposal.to)


def _undecided(proposal_id: int, by: User) -> Proposal:
    """The case is locked first, then its proposal. Raises NotAllowedError for what the lead does not see."""
    leading.must_lead(by)
    case_id = Proposal.objects.filter(pk=proposal_id).values_list("case", flat=True).first()
    if case_id is None or not leading.sees(by, Case.objects.select_related("unit").get(pk=case_id).unit):
        raise NotAllowedError("that case is not one of your units'")
    lock_open(case_id)
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("case")
        .filter(pk=proposal_id, decided_at=None)
    ).first()
    if proposal is None:
        raise NotAllowedError("that has been decided already")
    return proposal
