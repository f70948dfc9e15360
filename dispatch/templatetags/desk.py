"""The desk of whoever reads a page, as a bar on it."""

from typing import Any

from django import template

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
