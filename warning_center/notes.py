"""Notes: what looked odd in a directive and was accepted all the same; stored as codes, shown in words."""

from django.utils.translation import gettext_lazy as _

_WORDS = {
    "issued_at_local": _("issued_at names no zone; it was read as the centre's local time"),
    "issued_at_future": _("issued_at lies in the future"),
    "fraud_type_unknown": _("the fraud type is not known here; it was taken as other"),
    "id_number_check": _("the ID number's check digit does not agree"),
    "id_number_date": _("the ID number holds no possible date of birth"),
    "age_disagrees": _("the age does not agree with the ID number"),
    "sex_disagrees": _("the sex does not agree with the ID number"),
    "amount_rounded": _("the amount was rounded to two decimal places"),
    "unknown_field": _("{of} is not a field we know; it was kept"),
}
OF_MOST = 64  # characters of a field's name that a note repeats


def unknown_field(path: str) -> str:
    """The note about a field we do not know."""
    return f"unknown_field:{path[:OF_MOST]}"


def said(note: str) -> str:
    """A note in the reader's language."""
    code, _colon, of = note.partition(":")
    return str(_WORDS[code]).replace("{of}", of) if code in _WORDS else note
