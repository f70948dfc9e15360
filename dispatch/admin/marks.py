"""A level and a moment as pages show them: a word, a shape and a colour; a time that counts down, or up with a mark."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dispatch.admin import columns
from dispatch.admin.columns import Moment


def level_html(mark: columns.Mark) -> SafeString:
    return format_html(
        '<span class="level level-{}"><span aria-hidden="true">{}</span> {}</span>',
        mark.number,
        mark.shape,
        mark.word,
    )


def moment_html(moment: Moment | None, *, promise: bool) -> SafeString:
    """A time still to come counts down; a broken promise counts up, with a mark. `data-left` lets the page go on."""
    if moment is None:
        return format_html('<span class="meta">{}</span>', "–")
    broken = promise and moment.passed
    kind = f"promise {moment.tone if promise else ''}".strip() if not broken else "broken"
    return format_html(
        '<span class="{}"><time class="num" datetime="{}" title="{}" data-left="{}"{}>{}</time> '
        '<span class="meta">{}</span>{}</span>',
        kind,
        moment.at.isoformat(),
        columns.exact(moment.at),
        moment.left,
        "" if promise else format_html(' data-then="{}"', _("now")),
        moment.off if promise or not moment.passed else _("now"),
        moment.words,
        format_html(' <span aria-label="{}">✗</span>', _("broken promise")) if broken else "",
    )
