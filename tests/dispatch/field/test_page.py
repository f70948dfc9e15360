"""The officers' page: every word of it in both languages, whole without signal, and nothing from outside."""

import json
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.test import Client

from dispatch.field import page

SCRIPTS = sorted(page.SCRIPTS.glob("*.js"))


def words_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="words" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found.group(1))
    return told


def test_every_word_of_the_scripts_is_there_in_both_languages() -> None:
    told = words_of(Client().get("/field/").content.decode())
    used = {word for path in SCRIPTS for word in re.findall(r'\bt\("([^"]+)"', path.read_text())}
    used |= set(re.findall(r': "([A-Z][^"]+)"', (page.SCRIPTS / "screens.js").read_text())) - {"EN"}
    assert len(used) > 50
    for language in page.LANGUAGES:
        assert used <= told[language]["words"].keys()
    chinese = told["zh-hans"]["words"]
    assert [word for word in used if not re.search("[一-鿿]", chinese[word])] == []
    assert told["en"]["codes"]["level"]["critical"] == "critical"
    assert told["zh-hans"]["codes"]["news"]["stood_down"] == "撤回"


def test_the_page_names_nothing_outside() -> None:
    answer = Client().get("/field/")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    texts = [answer.content.decode(), *(path.read_text() for path in page.SCRIPTS.iterdir())]
    assert not [text for text in texts if re.search(r"https?://", text)]


def test_all_the_page_is_made_of_is_kept_for_where_there_is_no_signal() -> None:
    script = Client().get("/field/worker.js")
    assert script["Content-Type"].startswith("text/javascript")
    found = re.search(r"JSON.parse\('(.*?)'\)", script.content.decode())
    assert found
    kept = set(json.loads(found.group(1)))
    shell = Client().get("/field/").content.decode()
    assert set(re.findall(r'(?:src|href)="(/static/[^"]+)"', shell)) <= kept
    imported = {
        f"/static/field/{name}"
        for path in SCRIPTS
        for name in re.findall(r'from "./([\w.]+)"', path.read_text())
    }
    assert imported <= kept
    for address in kept - {"/field/"}:
        assert Path(str(finders.find(address.removeprefix("/static/")))).is_file()


def test_a_phone_can_install_it() -> None:
    told = json.loads(Client().get("/field/manifest.webmanifest").content)
    assert (told["start_url"], told["scope"], told["display"]) == ("/field/", "/field/", "standalone")
    assert told["name"] == "预警劝阻中心"
