"""`manage.py practice_carrier`: serves by hand, says what it can, and says plainly what is wrong."""

import base64
import json
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from django.core.management import CommandError, call_command, load_command_class

from telephony.practice.phones import table
from tests.telephony.practising import SID

COMMAND = [sys.executable, "manage.py", "practice_carrier"]
ROOT = Path(__file__).parent.parent.parent


def refused(*arguments: str) -> str:
    """What is said to a command that cannot be."""
    with pytest.raises(CommandError) as told:
        call_command("practice_carrier", *arguments)
    return str(told.value)


def test_it_serves_until_it_is_told_to_stop() -> None:
    with subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as served:
        assert served.stdout is not None
        url = served.stdout.readline().strip().removeprefix("listening on ")
        ask = build_opener(ProxyHandler({})).open
        try:
            with ask(url, timeout=10) as answer:
                assert table() in answer.read().decode()
            with pytest.raises(HTTPError) as refusal:
                ask(f"{url}/2010-04-01/Accounts/{SID}/Calls.json", timeout=10)
            assert refusal.value.code == 401
            refusal.value.close()
            known = base64.b64encode(f"{SID}:any".encode()).decode()
            where = f"{url}/2010-04-01/Accounts/{SID}.json"
            whole = Request(where, headers={"Authorization": f"Basic {known}"})  # noqa: S310
            with ask(whole, timeout=10) as answer:
                assert json.loads(answer.read())["status"] == "active"
        finally:
            served.terminate()


def test_help_shows_the_table_of_numbers() -> None:
    command = load_command_class("telephony", "practice_carrier")
    assert table() in command.create_parser("manage.py", "practice_carrier").format_help()


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "cannot listen on" in refused("--port", str(taken.getsockname()[1]))
    wrong = tmp_path / "script.json"
    wrong.write_text('{"+8619000000001": {"like": "99"}}')
    assert "the script cannot be used: like: no phone ends in '99'" in refused("--script", str(wrong))
    assert "a port is a number" in refused("--port", "70000")
    assert "--mischief lost=2: say word=0.1" in refused("--mischief", "lost=2")
    assert "the script cannot be used" in refused("--script", str(tmp_path / "none.json"))
