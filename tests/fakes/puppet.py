"""A carrier that answers what the test has put in its mouth."""

from telephony.carrier import CarrierError, Dial, Update


class Puppet:
    """A carrier that answers what the test has put in its mouth."""

    def __init__(self, *, clock: object) -> None:
        self.placed: list[str] = []
        self.desks: list[str] = []  # where the operator of each was to be rung
        self.cut: list[str] = []
        self.texts: list[str] = []
        self.found: Update | CarrierError | None = None
        self.refuses: CarrierError | None = None

    def place(self, dial: Dial) -> str:
        self.placed.append(dial.key)
        self.desks.append(dial.desk)
        if self.refuses:
            raise self.refuses
        return f"puppet-{dial.key}"

    def find(self, dial: Dial) -> Update | None:
        if isinstance(self.found, CarrierError):
            raise self.found
        return self.found

    def hang_up(self, dial: Dial) -> None:
        self.cut.append(dial.key)
        if self.refuses:
            raise self.refuses

    def send_text(self, *, key: str, number: str, body: str) -> str:
        if self.refuses:
            raise self.refuses
        self.texts.append(key)
        return key


class NoCarrierAtAll:
    """What is left when somebody forgot to write the adapter."""

    def __init__(self, *, clock: object) -> None:
        pass
