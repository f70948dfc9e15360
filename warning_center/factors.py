"""The second factor at login: one-time codes (RFC 6238), recovery codes, throttling, reset.

A code's moment is the machine's own (`at`), since the phone knows no other; the record goes by the program's (`now`).
"""

import base64
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import segno
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_otp.oath import TOTP

from dispatch import record
from dispatch.models import User
from dispatch.vocabulary import Role
from dispatch.workflow.refusal import NotAllowedError
from warning_center.models import Factor

DIGITS, TOLERANCE = 6, 1  # steps of 30 seconds that a phone's clock may be off, to either side
CODES, GROUP = 10, 5  # recovery codes, of two groups of characters each: 49 bits
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without what is easily misread
FREE = 3  # wrong codes without a wait
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a code; `wait` is how long none is looked at, `codes` are shown once, after enrolment."""

    passed: bool
    wait: timedelta = timedelta()
    codes: tuple[str, ...] = ()


def is_asked_of(user: User) -> bool:
    """Whether this person has to show one."""
    return user.owes_second_factor


def of(user: User) -> Factor:
    """Theirs; one that is still to be enrolled gets its secret here, and keeps it until it is."""
    factor, _made = Factor.objects.get_or_create(user=user, defaults={"secret": _new_secret()})
    if factor.secret:
        return factor
    Factor.objects.filter(pk=factor.pk, confirmed_at=None, secret="").update(secret=_new_secret())
    return Factor.objects.get(pk=factor.pk)


def address(factor: Factor) -> str:
    """The secret as authenticators read it, `otpauth://totp/...`."""
    issuer = _("Warning Center")
    label = quote(f"{issuer}:{factor.user.get_username()}")
    return f"otpauth://totp/{label}?{urlencode({'secret': factor.secret, 'issuer': issuer}, quote_via=quote)}"


def picture(factor: Factor) -> str:
    """The same as a QR code: SVG, made here."""
    return segno.make(address(factor), error="m").svg_inline(scale=5, border=3, light="#fff", dark="#000")


@transaction.atomic
def check(*, user: User, code: str, at: datetime, now: datetime) -> Verdict:
    """Look at one code, under the row's lock. The first right one enrols; a recovery code serves once.

    After the third wrong one each costs a wait, twice as long as the last, during which none is looked at.
    """
    factor = Factor.objects.select_for_update(of=("self",)).get(user=user)
    if factor.locked_until is not None and at < factor.locked_until:
        return Verdict(False, factor.locked_until - at)
    code = "".join(code.split()).replace("-", "").lower()
    step = _step(factor, code, at)
    if step is None and not _recovers(factor, code):
        return _refuse(factor, at, now)
    factor.failures, factor.locked_until = 0, None
    codes: tuple[str, ...] = ()
    if step is not None:
        factor.last_step = step
    else:
        record.write("factor_recovered", now=now, by=user, left=len(factor.recovery))
    if factor.confirmed_at is None:
        codes = tuple(_new_code() for _ in range(CODES))
        factor.confirmed_at, factor.recovery = at, [_hash(factor, one) for one in codes]
        record.write("factor_enrolled", now=now, by=user)
    factor.save()
    return Verdict(True, codes=codes)


@transaction.atomic
def reset(*, user: User, by: User | None, now: datetime, agent: str = "") -> None:
    """Somebody has lost their phone: they are logged out everywhere, and enrol anew at their next login. Only
    administrators do this.

    A superuser's is another superuser's to reset. Raises NotAllowedError.
    """
    if by is not None and (not by.is_a(Role.ADMINISTRATOR) or (user.is_superuser and not by.is_superuser)):
        raise NotAllowedError("only an administrator resets a second factor")
    factor = Factor.objects.select_for_update(of=("self",)).filter(user=user).first()
    if factor is None or factor.confirmed_at is None:
        raise NotAllowedError("they have not enrolled one")
    factor.secret, factor.confirmed_at, factor.recovery = "", None, []
    factor.failures, factor.locked_until = 0, None
    factor.save()
    _log_out(user)
    record.write("factor_reset", now=now, by=by, agent=agent, whose=user.get_username())


def _log_out(user: User) -> None:
    """End their open sessions, one of which may be on the phone that is lost. Whose one is only stands inside."""
    theirs = [
        session.pk
        for session in Session.objects.iterator()
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=theirs).delete()


def _refuse(factor: Factor, at: datetime, now: datetime) -> Verdict:
    factor.failures = min(factor.failures + 1, 1000)
    wait = timedelta()
    if factor.failures >= FREE:
        doubled = min(factor.failures - FREE, 10)
        wait = min(FIRST_WAIT * math.pow(2, doubled), LONGEST_WAIT)
        factor.locked_until = at + wait
    factor.save(update_fields=["failures", "locked_until"])
    record.write(
        "refused", now=now, by=factor.user, why=gettext_noop("that code is not right"), act="second factor"
    )
    return Verdict(False, wait)


def _step(factor: Factor, code: str, at: datetime) -> int | None:
    """The time step whose code this is, later than any that has been taken; None if there is none."""
    if len(code) != DIGITS or not (code.isascii() and code.isdecimal()):
        return None
    made = TOTP(base64.b32decode(factor.secret), digits=DIGITS)
    made.time = at.timestamp()
    right: bool = made.verify(int(code), tolerance=TOLERANCE, min_t=factor.last_step + 1)
    return int(made.t()) if right else None


def _recovers(factor: Factor, code: str) -> bool:
    """Whether it is one of the recovery codes that are left; it is left no more."""
    hashed = _hash(factor, code)
    kept = [one for one in factor.recovery if not constant_time_compare(one, hashed)]
    found = len(kept) < len(factor.recovery)
    factor.recovery = kept
    return found


def _hash(factor: Factor, code: str) -> str:
    plain = f"{factor.user_id}:{code.replace('-', '')}"
    return salted_hmac("warning_center.factors", plain, algorithm="sha256").hexdigest()


def _new_secret() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode()


def _new_code() -> str:
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(2 * GROUP))
    return f"{drawn[:GROUP]}-{drawn[GROUP:]}"
