"""A word that comes after the case has closed."""

import logging
from datetime import datetime

from django.db import IntegrityError, transaction

from dispatch import record
from dispatch.models import Case
from dispatch.vocabulary import Disposition, Level
from dispatch.workflow.turn import advance, succeed

logger = logging.getLogger(__name__)


def reopen(case: Case, disposition: Disposition, now: datetime) -> None:
    """A word after the end: the person's open case is joined if there is one, else a new one follows the last."""
    gone = disposition is Disposition.ALREADY_TRANSFERRED
    theirs = Case.objects.filter(target=case.target_id)
    if not theirs.open().exists():
        last = theirs.to_follow().first() or case
        try:
            with transaction.atomic():
                new = succeed(last, level=Level(last.level), now=now, money_moved=gone)
                told = record.reported(new, issued=now, upstream=new.upstream_level, given=True)
                level = Level(new.level).code
                record.write("opened", now=now, case=new, why=disposition, level=level, reported=told)
        except IntegrityError:
            logger.info("case %s: another was opened for the person meanwhile", case.pk)
    going_on = theirs.open().select_for_update(of=("self",)).get()
    if gone and not going_on.sizes.get("money_moved"):
        going_on.sizes = {**going_on.sizes, "money_moved": 1}
        going_on.save(update_fields=["sizes"])
    advance([going_on.pk], now=now)
