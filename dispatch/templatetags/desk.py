"""The desk of whoever reads a page, as a bar on it; times and levels as pages show them."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dispatch.admin import columns, marks
from dispatch.admin.columns import Mark, Moment
from dispatch.models import User
from dispatch.workflow import joining, seats

register = template.Library()


@register.inclusion_tag("admin/dispatch/desk.html", takes_context=True)
def desk_bar(context: dict[str, Any]) -> dict[str, Any]:
    """Nothing for who has no desk."""
    request = context["request"]
    by = request.user if isinstance(request.user, User) else None
    seat = seats.seen(by=by) if by else None
    return {
        "seat": seat,
        "reasons": seats.Why.choices,
        "colleagues": joining.colleagues(by=by) if by and seat and "bring" in seat.acts else [],
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag
def level(mark: Mark) -> SafeString:
    """A level as word, shape and colour."""
    return marks.level_html(mark)


@register.simple_tag
def promise(moment: Moment | None) -> SafeString:
    """A promise: green, amber within a minute, or broken and counting up."""
    return marks.moment_html(moment, promise=True)


@register.simple_tag
def coming(moment: Moment | None) -> SafeString:
    """What comes next; once its time is there, now."""
    return marks.moment_html(moment, promise=False)


@register.simple_tag
def ago(at: datetime | None, now: datetime) -> SafeString:
    """`3 分钟前`, with the exact time on hover and for screen readers."""
    if at is None:
        return format_html('<span class="meta">{}</span>', "–")
    return format_html(
        '<time class="num" datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        columns.exact(at),
        columns.ago(at, now),
    )
