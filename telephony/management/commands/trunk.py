"""The SIP trunk as a process of its own: `manage.py trunk`."""

import asyncio
import signal
import threading
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from telephony import clock
from telephony.door import Door, Post
from telephony.journal import Journal
from telephony.naming import NameServer
from telephony.sip.fields import Hop
from telephony.sip.plan import BadPlan, hops, read
from telephony.streams import Tls
from telephony.trunk import Trunk, is_fresh


class Command(BaseCommand):
    """Serve until told to stop. The setting SIP says how; CARRIERS must name the carrier as a RemoteCarrier."""

    requires_system_checks = []  # it stands apart: no database, no pages
    help = "Hold the SIP dialogs: calls over a carrier's trunk, joined to the desks' phones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--carrier", default="sip", help="its name in CARRIERS (sip)")
        parser.add_argument("--host", default="127.0.0.1", help="where the workers ask (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8901, help="0 for any free one (8901)")
        parser.add_argument("--callback", help="where news goes (PUBLIC_URL/telephony/CARRIER)")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["carrier"]
        secret = settings.CARRIERS.get(name, {}).get("secret")
        if not secret:
            raise CommandError(f"CARRIERS has no {name!r} with a secret: set SIP_TRUNK and TRUNK_SECRET")
        try:
            plan, (listen,) = read(settings.SIP), hops(settings.SIP["listen"])
        except (BadPlan, ValueError) as fault:
            raise CommandError(f"SIP: {fault}") from fault
        journal = _journal(settings.SIP.get("journal", ""))
        trunk = Trunk(
            plan,
            clock=clock.now,
            listen=listen,
            address=settings.SIP.get("address", ""),
            journal=journal,
            **_secured(),
        )
        with ExitStack() as held:
            door = held.enter_context(Door((options["host"], options["port"]), trunk, secret))
            callback = options["callback"] or f"{settings.PUBLIC_URL}/telephony/{name}"
            post = Post(trunk, callback=callback, secret=secret)

            def ready() -> None:
                post.start()
                threading.Thread(target=door.serve_forever, daemon=True).start()
                held.callback(post.stop)
                held.callback(door.shutdown)
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, lambda *_: trunk.stop())
                self.stdout.write(
                    f"listening on http://{options['host']}:{door.server_port} sip:{trunk.port}"
                )
                self.stdout.flush()

            try:
                asyncio.run(trunk.serve(ready))
            except OSError as fault:
                raise CommandError(f"SIP cannot be spoken at {listen}: {fault}") from fault
            finally:
                if journal is not None:
                    journal.close()
        self.stdout.write("stopped")


def _secured() -> dict[str, Any]:
    """TLS, keep-alive and name servers by the settings. Raises CommandError for files that cannot be used."""
    said = dict(settings.SIP.get("tls", {}))
    (listen,) = hops(f"{said.pop('listen')};transport=tls") if said.get("listen") else (None,)
    tls = Tls(**{name: path for name, path in said.items() if name != "listen"})
    try:
        if tls.ca:
            tls.client()
        if listen is not None:
            tls.server()
    except OSError as fault:
        raise CommandError(f"SIP_TLS: {fault}") from fault
    at = settings.SIP.get("dns", "")
    return {
        "tls": tls,
        "secure_listen": listen,
        "keep_alive": float(settings.SIP.get("keep_alive", 0)),
        "names": NameServer(Hop(at.rpartition(":")[0], int(at.rpartition(":")[2]))) if at else None,
    }


def _journal(path: str) -> Journal | None:
    try:
        return Journal(Path(path), keep=is_fresh(clock.now)) if path else None
    except OSError as fault:
        raise CommandError(f"the journal cannot be written: {fault}") from fault
