"""A new version of a policy, or of the scripts: checked, dated, signed, and never changed again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from dispatch import policies, record
from dispatch.models import PolicyVersion, User
from dispatch.vocabulary import Role
from dispatch.workflow.refusal import NotAllowedError

CHIEFS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
LONGEST_NOTE = 200


@transaction.atomic
def publish(
    *,
    kind: PolicyVersion.Kind,
    document: Mapping[str, Any],
    starts_at: datetime,
    note: str,
    by: User,
    now: datetime,
) -> PolicyVersion:
    """The next version of a policy, in force from `starts_at` for the cases that open from then on; scripts for all.

    Of two versions that start at one moment the later one holds. Raises NotAllowedError, and BadRules, BadRiskRules
    or BadScripts for a document that may not come into force.
    """
    if not may_publish(by):
        raise NotAllowedError("only supervisors and administrators of the whole centre change its policies")
    if not note.strip():
        raise NotAllowedError("a reason is needed")
    if starts_at < now:
        raise NotAllowedError("a policy starts now or later")
    policies.check(kind, document)
    before = policies.latest(kind, now)
    version = PolicyVersion.objects.create(
        kind=kind,
        version=before.version + 1,
        document=dict(document),
        starts_at=starts_at,
        author=by,
        note=note.strip()[:LONGEST_NOTE],
    )
    what = f"{kind} {version.version}"
    record.write("published", now=now, by=by, why=note.strip(), what=what, starts=starts_at)
    return version


def may_publish(user: User) -> bool:
    """Whether a user may change the policies: a chief of the unit that stands above all others."""
    return user.is_a(*CHIEFS) and user.unit is not None and user.unit.parent_id is None
