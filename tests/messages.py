"""Every message of the program, read from its sources; run as a program it brings the Chinese catalogue up to date.

    python -m tests.messages       adds what is new, drops what is gone, writes django.mo beside django.po

No gettext tools are needed. Exits with 1 when a message has no Chinese yet.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "warning_center" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
ROOMS = ("warning_center", "dispatch", "telephony")
ONE = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "NotAllowedError",
    "FarAwayError",
    "ContradictedError",
    "Flaw",
    "BadCell",
    "BadOutline",
    "_flaw",
    "wrong",
}
MANY = {"ngettext", "ngettext_lazy"}
_CALL = re.compile(r"\b(gettext|ngettext|_)\((.*?)\)(?=\s|$)", re.DOTALL)

Message = tuple[str, str]  # the message, and its plural if it has one


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted(p for p in (ROOT / room).rglob("*.py") if "migrations" not in p.parts)
    yield from sorted((ROOT / "templates").rglob("*.html"))


def messages() -> dict[Message, list[str]]:
    """Every message, and where it stands."""
    found: dict[Message, list[str]] = {}
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        for message in _of_template(text) if path.suffix == ".html" else _of_program(ast.parse(text)):
            places = found.setdefault(message, [])
            if place not in places:
                places.append(place)
    return found


def _of_program(tree: ast.AST) -> Iterator[Message]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if called in ONE and texts and isinstance(node.args[0], ast.Constant):
            yield texts[0], ""
        elif called in MANY and len(texts) > 1:
            yield texts[0], texts[1]


def _of_template(text: str) -> Iterator[Message]:
    """What Django hands to gettext's own tools, read here: a series of calls among the rest blanked out."""
    for name, inside in _CALL.findall(templatize(text)):
        try:
            call = ast.parse(f"{name}({inside})", mode="eval").body
        except SyntaxError:
            continue
        yield from _of_program(call)


def update() -> polib.POFile:
    """The catalogue with exactly the messages there are."""
    known = polib.pofile(str(CATALOGUE), wrapwidth=110)
    found = messages()
    for entry in list(known):
        if (entry.msgid, entry.msgid_plural) not in found:
            known.remove(entry)
    have = {(entry.msgid, entry.msgid_plural): entry for entry in known}
    for message, places in found.items():
        if message in have:
            entry = have[message]
        else:
            singular, plural = message
            entry = polib.POEntry(
                msgid=singular, msgid_plural=plural, msgstr_plural={0: ""} if plural else {}
            )
            known.append(entry)
        entry.occurrences = [(place, "") for place in places]
        braces = "{" in entry.msgid
        entry.flags = ["python-brace-format"] if braces else []
    known.sort(key=lambda entry: (entry.occurrences[0][0], entry.msgid))
    return known


def missing(catalogue: polib.POFile) -> list[str]:
    """Messages without Chinese."""
    return [
        e.msgid for e in catalogue if not (e.msgstr or (e.msgstr_plural and all(e.msgstr_plural.values())))
    ]


def main() -> int:
    catalogue = update()
    catalogue.save(str(CATALOGUE))
    CATALOGUE.with_suffix(".mo").write_bytes(catalogue.to_binary())
    for message in missing(catalogue):
        sys.stdout.write(f"no Chinese yet: {message}\n")
    return 1 if missing(catalogue) else 0


if __name__ == "__main__":
    sys.exit(main())
