"""The reported events as the demonstration tells them: how each must end, and the document of one play by story."""

from datetime import datetime
from typing import Any

ZHANG, HOTEL, LU, COUPLE = "MM-20260302-001", "MM-20260302-002", "YK-20260302-001", "NC-20260302-001"
ZHENG, XIAMEN, HANGZHOU, NANSHAN = (
    "SZ-20260302-001",
    "XM-20260302-001",
    "HZ-20260302-001",
    "SZ-20260302-002",
)
CASHIER, YU, FALSE_ALARM = "NC-20260302-002", "YK-20260302-002", "MM-20260302-003"
VILLAGE, NEXT_STATION, SCREEN, RELAPSE, STUDENT = (f"MM-20260302-{n:03d}" for n in range(4, 9))

# The reference that opened the chain: each of its cases as outcome, levels, and the units that went to the door.
TABLE: dict[str, list[tuple[str, list[str], list[str]]]] = {
    ZHANG: [("verified", ["high", "critical"], ["七迳派出所"])],
    LU: [("verified", ["critical"], ["芝英派出所"])],
    COUPLE: [("verified", ["high"], ["莲塘派出所"])],
    ZHENG: [("already_transferred", ["critical"], ["莲花派出所"])],
    XIAMEN: [("verified", ["high"], ["筼筜派出所"])],
    HANGZHOU: [("verified", ["critical"], ["古荡派出所"])],
    NANSHAN: [("defrauded_after_warning", ["critical"], ["粤海派出所"])],
    CASHIER: [("already_transferred", ["critical"], ["湖坊派出所"])],
    YU: [("unconfirmed", ["medium"], [])],
    FALSE_ALARM: [("false_alarm", ["medium"], [])],
    VILLAGE: [("unconfirmed", ["low"], ["柏桥村"])],
    NEXT_STATION: [("unconfirmed", ["medium"], ["站前派出所"])],
    SCREEN: [("verified", ["high"], [])],
    RELAPSE: [("relapsed", ["medium"], []), ("verified", ["critical"], ["七迳派出所"])],
    STUDENT: [("unconfirmed", ["low"], [])],
}

Row = dict[str, Any]


class Told:
    """The document of one played demonstration, by story."""

    def __init__(self, document: Row) -> None:
        self.document = document
        self.case_of = {row["reference"]: row["case"] for row in document["directives"]}

    def chain(self, reference: str) -> list[Row]:
        """The case a directive came to, and those that follow from it."""
        number = self.case_of[reference]
        chain: list[Row] = []
        for case in self.document["cases"]:
            if case["case"] == number or (chain and case["previous"] == chain[-1]["case"]):
                chain.append(case)
        return chain

    def attempts(self, reference: str, tier: str) -> list[Row]:
        return [a for case in self.chain(reference) for a in case["attempts"] if a["tier"] == tier]

    def events(self, reference: str, verb: str) -> list[Row]:
        return [e for case in self.chain(reference) for e in case["events"] if e["verb"] == verb]


def at(row: Row, key: str = "at") -> datetime:
    return datetime.fromisoformat(row[key])


def words(attempts: list[Row]) -> list[str]:
    return [a["disposition"] or a["result"] for a in attempts]
