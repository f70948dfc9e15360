"""What is wrong with one row of a policy."""


class Flaw:
    """What is wrong with one row: English with blanks, so that a page can say it in its reader's language."""

    def __init__(self, text: str, row: str, **blanks: object) -> None:
        self.text, self.row, self.blanks = text, row, blanks

    def __str__(self) -> str:
        return f"{self.row}: {self.text.format(**self.blanks)}"
