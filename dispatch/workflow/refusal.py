"""What the workflow says when it will not do something."""

from enum import IntEnum, StrEnum
from typing import Any

from django.utils.translation import gettext

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

    def in_words(self) -> str:
        """The message as a page shows it."""
        told = {
            key: name(word) if isinstance(word, (StrEnum, IntEnum)) else word
            for key, word in self.words.items()
        }
        return gettext(self.template).format(**told)
