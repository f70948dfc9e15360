"""What the workflow says when it will not do something."""

from enum import IntEnum, StrEnum
from typing import Any

from django.utils.translation import gettext

from dispatch import vocabulary
from dispatch.models.choices import name


class NotAllowedError(Exception):
    """The step does not fit the case as it is now, or the person may not take it. The message says why.

    `template` is a message id for gettext and `words` fill it: as a string it is English with codes,
    `in_words` is the reader's language.
    """

    def __init__(self, template: str, **words: Any) -> None:
        codes = {key: getattr(word, "code", word) for key, word in words.items()}
        super().__init__(template.format(**codes))
        self.template, self.words = template, words

    def codes(self) -> dict[str, str]:
        """Its words as they can be stored, to be told again in any language: `kind:code` for ours."""
        return {key: _stored(word) for key, word in self.words.items()}

    def in_words(self) -> str:
        """The message as a page shows it."""
        told = {
            key: name(word) if isinstance(word, (StrEnum, IntEnum)) else word
            for key, word in self.words.items()
        }
        return gettext(self.template).format(**told)


def told_again(template: str, codes: dict[str, str]) -> str:
    """A stored refusal in the reader's language."""
    return NotAllowedError(template, **{key: _read(word) for key, word in codes.items()}).in_words()


def _stored(word: Any) -> str:
    return f"{type(word).__name__}:{word.value}" if isinstance(word, (StrEnum, IntEnum)) else f":{word}"


def _read(stored: str) -> Any:
    kind, _colon, code = stored.partition(":")
    if not kind:
        return code
    words: Any = getattr(vocabulary, kind)
    return words(int(code) if issubclass(words, IntEnum) else code)
