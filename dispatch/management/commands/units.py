"""`manage.py units FILE...`: units, areas and duty rosters from CSV or GeoJSON; all of it, or nothing and why."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.models.choices import name
from dispatch.register import files
from dispatch.register.files import Fault
from dispatch.register.load import Change, Loaded, load
from dispatch.vocabulary import UnitKind
from telephony import clock

MOST_TOLD = 200  # changes, and faults


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="CSV (UTF-8, GB 18030) or GeoJSON"
        )
        parser.add_argument(
            "--as", dest="register", default="", metavar="NAME", help="the register's name, if not the file's"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
        parser.add_argument("--lang", choices=["zh", "en"], default="zh")

    def handle(self, **options: Any) -> None:
        with translation.override("zh-hans" if options["lang"] == "zh" else "en"):
            self._load(options)

    def _load(self, options: dict[str, Any]) -> None:
        sheets = [files.read(path) for path in options["files"]]
        loaded = load(
            sheets,
            now=clock.now(),
            agent="units",
            register=options["register"],
            dry_run=options["dry_run"],
        )
        if options["json"]:
            self.stdout.write(json.dumps(_plain(loaded, options["dry_run"]), ensure_ascii=False, indent=1))
        else:
            self._say(loaded, options["dry_run"])
        if loaded.faults:
            count = len(loaded.faults)
            told = ngettext("{n} fault: nothing was loaded", "{n} faults: nothing was loaded", count)
            raise CommandError(told.format(n=count))

    def _say(self, loaded: Loaded, dry_run: bool) -> None:
        for fault in loaded.faults[:MOST_TOLD]:
            self.stderr.write(_fault(fault))
        if loaded.faults:
            return
        for change in [one for one in loaded.changes if one.verb != "added"][:MOST_TOLD]:
            self.stdout.write(_change(change))
        counts = {verb: loaded.count(verb) for verb in ("added", "changed", "closed", "reopened")}
        told = _(
            "{added} added, {changed} changed, {closed} closed, {reopened} opened again, {same} as they were"
        )
        self.stdout.write(told.format(**counts, same=loaded.same))
        if dry_run:
            self.stdout.write(_("A dry run: nothing was written."))


def _rule(fault: Fault) -> str:
    kinds = {
        key: name(word) if isinstance(word, UnitKind) else word for key, word in fault.rule.blanks.items()
    }
    return _(fault.rule.text).format(**kinds)


def _fault(fault: Fault) -> str:
    where = f"{fault.file}:{fault.row}" if fault.row else fault.file
    what = f" {fault.field}={fault.value!r}" if fault.field else ""
    return f"{where}{what}: {_rule(fault)}"


def _change(change: Change) -> str:
    verbs = {"changed": _("changed"), "closed": _("closed"), "reopened": _("opened again")}
    return f"{verbs[change.verb]}  {change.name}  {', '.join(change.fields)}".rstrip()


def _plain(loaded: Loaded, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "written": not (dry_run or loaded.faults),
        **{verb: loaded.count(verb) for verb in ("added", "changed", "closed", "reopened")},
        "same": loaded.same,
        "changes": [
            {"what": one.verb, "unit": one.name, "fields": one.fields}
            for one in loaded.changes
            if one.verb != "added"
        ],
        "faults": [
            {"file": f.file, "row": f.row, "field": f.field, "value": f.value, "rule": _rule(f)}
            for f in loaded.faults
        ],
    }
