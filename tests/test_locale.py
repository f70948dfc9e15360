"""The Chinese catalogue: whole, compiled as it stands, and with the same blanks as the English."""

import re

import polib
from django.utils import translation

from dispatch.models.choices import NAMES
from tests import messages

COMPILED = messages.CATALOGUE.with_suffix(".mo")
BLANKS = re.compile(r"\{\w*\}|%\(\w+\)[sd]|%%")


def test_every_message_of_the_program_is_in_chinese() -> None:
    catalogue = polib.pofile(str(messages.CATALOGUE))
    have = {(entry.msgid, entry.msgid_plural) for entry in catalogue}
    assert messages.messages().keys() - have == set(), "run: python -m tests.messages"
    assert messages.missing(catalogue) == []


def test_the_compiled_catalogue_is_the_one_that_is_read() -> None:
    written = {e.msgid: e.msgstr or e.msgstr_plural for e in polib.pofile(str(messages.CATALOGUE))}
    compiled = {e.msgid: e.msgstr or e.msgstr_plural for e in polib.mofile(str(COMPILED))}
    assert compiled == written, "run: python -m tests.messages"


def test_translations_keep_their_blanks() -> None:
    for entry in polib.pofile(str(messages.CATALOGUE)):
        for told in [entry.msgstr, *entry.msgstr_plural.values()]:
            if told:
                assert set(BLANKS.findall(told)) == set(BLANKS.findall(entry.msgid)), entry.msgid


def test_every_word_of_the_vocabulary_is_chinese_to_a_chinese_reader() -> None:
    with translation.override("zh-hans"):
        for word, name in NAMES:
            assert re.search(r"[一-鿿]", str(name)), word


def test_an_english_reader_reads_english() -> None:
    with translation.override("en"):
        for word, name in NAMES:
            assert not re.search(r"[一-鿿]", str(name)), word
