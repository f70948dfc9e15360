"""The figures in words: the sentence that cannot be misread, and the two beside it."""

from datetime import date

from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from warning_center.supervision.pages.overview import Figure, Overview
from warning_center.supervision.statistics import Filter


def sentence(figures: Overview, wanted: Filter) -> SafeString:
    """The one sentence that cannot be misread: what came, what was taken out, what became of the rest."""
    part = figures.parts
    return format_html(
        conditional_escape(
            _(
                "Received {window}: {received}; less {duplicates} duplicates and {voids} approved voids, {counted}: "
                "{succeeded} a success ({rate}, 95 % interval {interval}), {pending} open, {failed} not."
            )
        ),
        window=days(wanted),
        received=_link(part["received"]),
        duplicates=_link(part["duplicate"]),
        voids=_link(part["void"]),
        counted=_link(part["counted"]),
        succeeded=_link(part["succeeded"]),
        rate=format_html('<span class="big num">{}</span>', figures.success.share),
        interval=figures.success.interval,
        pending=_link(part["pending"]),
        failed=_link(part["failed"]),
    )


def stricter(figures: Overview) -> SafeString:
    """The strict rate and the counter-measure, each with its numerator, denominator and interval."""
    strict, lost = figures.strict, figures.defrauded
    return format_html(
        conditional_escape(
            _(
                "Strict (verified by a person): {k} of {n} ({rate}, {interval}). "
                "Defrauded after warning: {lost} of {warned} ({lost_rate}, {lost_interval})."
            )
        ),
        k=_link(strict.k),
        n=_link(strict.n),
        rate=strict.share,
        interval=strict.interval,
        lost=_link(lost.k),
        warned=_link(lost.n),
        lost_rate=lost.share,
        lost_interval=lost.interval,
    )


def before(figures: Overview) -> str:
    """The rate of the period before, if it was asked for."""
    if figures.before is None:
        return ""
    told = _("The period before: {share} ({interval}) of {n}.")
    return told.format(share=figures.before.share, interval=figures.before.interval, n=figures.before.n.n)


def days(wanted: Filter) -> str:
    """`3 月 1 日 – 3 月 7 日`, as each language writes days."""
    if wanted.since is None or wanted.until is None:
        return ""
    return f"{_day(wanted.since)} – {_day(wanted.until)}"


def _day(day: date) -> str:
    if (get_language() or "").startswith("zh"):
        return f"{day.month} 月 {day.day} 日"
    return date_format(day, "MONTH_DAY_FORMAT")


def _link(figure: Figure) -> SafeString:
    return format_html('<a href="{}">{}</a>', figure.href, f"{figure.n:,}")
