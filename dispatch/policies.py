"""Which version of a policy, or of the scripts, is in force, read once a process into frozen rules."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import QuerySet

from dispatch import risk, rules, scripts
from dispatch.chain import Rules
from dispatch.models import PolicyVersion
from dispatch.scripts import Scripts
from telephony.prepared import prepared

Policy = Rules | risk.RiskRules
JUDGING = (
    PolicyVersion.Kind.RISK,
    PolicyVersion.Kind.ESCALATION,
)  # what recorded cases can be replayed under
_FILES = {
    PolicyVersion.Kind.RISK: "risk.toml",
    PolicyVersion.Kind.ESCALATION: "chain.toml",
    PolicyVersion.Kind.SCRIPTS: "scripts.toml",
}
_BEGINNING = datetime(2022, 1, 1, tzinfo=UTC)


class RiskPolicy(NamedTuple):
    """A version of the risk policy, and its rules."""

    version: PolicyVersion
    rules: risk.RiskRules


class InForce(NamedTuple):
    """Both policies in force at a moment: a case is judged by the one and starts under the other."""

    risk: RiskPolicy
    escalation: PolicyVersion


@cache
def built_in(kind: PolicyVersion.Kind) -> dict[str, Any]:
    """The default document that ships with the program."""
    return tomllib.loads((Path(__file__).parent / _FILES[kind]).read_text(encoding="utf-8"))


def current(kind: PolicyVersion.Kind, now: datetime) -> PolicyVersion:
    """The version in force; the built-in one becomes version 1 when there is none."""
    version = _in_force.first(kind, now)
    if version is None:
        version, _made = PolicyVersion.objects.get_or_create(
            kind=kind,
            version=1,
            defaults={"document": built_in(kind), "starts_at": _BEGINNING, "note": "built in"},
        )
    return version


@prepared
def _in_force(kind: str, now: datetime) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.in_force(kind, now).defer("document")[:1]


@prepared
def _started(now: datetime) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.started(now).defer("document")


def latest(kind: PolicyVersion.Kind, now: datetime) -> PolicyVersion:
    """The version with the highest number, in force or not; its row stays locked, so that two get two numbers."""
    current(kind, now)
    return PolicyVersion.objects.select_for_update().filter(kind=kind).order_by("-version")[0]


def read(kind: PolicyVersion.Kind, document: Mapping[str, Any]) -> Policy:
    """A document as the rules it would be. Raises BadRules or BadRiskRules, with every flaw."""
    return risk.read(document) if kind == PolicyVersion.Kind.RISK else rules.read(document)


def check(kind: PolicyVersion.Kind, document: Mapping[str, Any]) -> None:
    """Raises BadRules, BadRiskRules or BadScripts for a document that may not come into force."""
    if kind == PolicyVersion.Kind.SCRIPTS:
        scripts.read(document)
    else:
        read(kind, document)


@lru_cache(maxsize=64)
def escalation_rules(version_id: int) -> Rules:
    """The rules of an escalation policy version."""
    return rules.read(PolicyVersion.objects.get(pk=version_id).document)


@lru_cache(maxsize=64)
def risk_rules(version_id: int) -> risk.RiskRules:
    """The rules of a risk policy version."""
    return risk.read(PolicyVersion.objects.get(pk=version_id).document)


@lru_cache(maxsize=16)
def scripts_of(version_id: int) -> Scripts:
    """The scripts of a version."""
    return scripts.read(PolicyVersion.objects.get(pk=version_id).document)


def risk_policy(now: datetime) -> RiskPolicy:
    """The risk policy in force: one query. Whoever judges many asks once and passes it on."""
    version = current(PolicyVersion.Kind.RISK, now)
    return RiskPolicy(version, risk_rules(version.pk))


def in_force(now: datetime) -> InForce:
    """Both policies in force, in one query."""
    latest_of = {version.kind: version for version in reversed(_started(now))}
    escalation, judge = (
        latest_of.get(kind) or current(kind, now)
        for kind in (PolicyVersion.Kind.ESCALATION, PolicyVersion.Kind.RISK)
    )
    return InForce(RiskPolicy(judge, risk_rules(judge.pk)), escalation)


def forget() -> None:
    """Drop what was read: another database has been opened."""
    escalation_rules.cache_clear()
    risk_rules.cache_clear()
    scripts_of.cache_clear()
