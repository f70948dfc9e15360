"""Twilio's words for a call, in ours: every word and code by a table."""

import pytest

from telephony.carrier import CallResult, CallStatus
from telephony.carriers.twilio import words

R = CallResult
S = CallStatus


@pytest.mark.parametrize(
    ("said", "status", "result"),
    [
        ({"CallStatus": "queued"}, S.DIALLING, None),
        ({"CallStatus": "initiated"}, S.DIALLING, None),
        ({"CallStatus": "ringing"}, S.RINGING, None),
        ({"CallStatus": "in-progress"}, S.TALKING, None),
        ({"CallStatus": "completed"}, S.ENDED, R.ANSWERED),
        ({"CallStatus": "completed", "AnsweredBy": "human"}, S.ENDED, R.ANSWERED),
        ({"CallStatus": "completed", "AnsweredBy": "unknown"}, S.ENDED, R.ANSWERED),
        ({"CallStatus": "completed", "AnsweredBy": "machine_start"}, S.ENDED, R.MACHINE),
        ({"CallStatus": "busy"}, S.ENDED, R.BUSY),
        ({"CallStatus": "busy", "SipResponseCode": "600"}, S.ENDED, R.BUSY),
        ({"CallStatus": "busy", "SipResponseCode": "486"}, S.ENDED, R.BUSY),
        ({"CallStatus": "busy", "SipResponseCode": "603"}, S.ENDED, R.REJECTED),
        ({"CallStatus": "no-answer"}, S.ENDED, R.NO_ANSWER),
        ({"CallStatus": "no-answer", "SipResponseCode": "487"}, S.ENDED, R.NO_ANSWER),
        ({"CallStatus": "no-answer", "SipResponseCode": "480"}, S.ENDED, R.NO_ANSWER),
        ({"CallStatus": "failed"}, S.ENDED, R.CONGESTION),
        ({"CallStatus": "failed", "SipResponseCode": "401"}, S.ENDED, R.FAILED_HERE),
        ({"CallStatus": "failed", "SipResponseCode": "403"}, S.ENDED, R.REJECTED),
        ({"CallStatus": "failed", "SipResponseCode": "404"}, S.ENDED, R.INVALID_NUMBER),
        ({"CallStatus": "failed", "SipResponseCode": "407"}, S.ENDED, R.FAILED_HERE),
        ({"CallStatus": "failed", "SipResponseCode": "408"}, S.ENDED, R.OUT_OF_AREA),
        ({"CallStatus": "failed", "SipResponseCode": "410"}, S.ENDED, R.INVALID_NUMBER),
        ({"CallStatus": "failed", "SipResponseCode": "480"}, S.ENDED, R.OUT_OF_AREA),
        ({"CallStatus": "failed", "SipResponseCode": "484"}, S.ENDED, R.INVALID_NUMBER),
        ({"CallStatus": "failed", "SipResponseCode": "487"}, S.ENDED, R.OUTCOME_UNKNOWN),
        ({"CallStatus": "failed", "SipResponseCode": "500"}, S.ENDED, R.CONGESTION),
        ({"CallStatus": "failed", "SipResponseCode": "503"}, S.ENDED, R.CONGESTION),
        ({"CallStatus": "failed", "SipResponseCode": "603"}, S.ENDED, R.REJECTED),
        ({"CallStatus": "failed", "SipResponseCode": "604"}, S.ENDED, R.INVALID_NUMBER),
        ({"CallStatus": "failed", "SipResponseCode": "607"}, S.ENDED, R.LABELLED_NUISANCE),
        ({"CallStatus": "failed", "SipResponseCode": "608"}, S.ENDED, R.LABELLED_NUISANCE),
        ({"CallStatus": "failed", "SipResponseCode": "418"}, S.ENDED, R.OUTCOME_UNKNOWN),
        ({"CallStatus": "failed", "SipResponseCode": "rubbish"}, S.ENDED, R.OUTCOME_UNKNOWN),
        ({"CallStatus": "canceled", "SipResponseCode": "487"}, S.ENDED, R.CANCELLED),
        ({"AnsweredBy": "human"}, S.TALKING, None),
        ({"AnsweredBy": "unknown"}, S.TALKING, None),
        ({"AnsweredBy": "fax"}, S.TALKING, R.MACHINE),
        ({"AnsweredBy": "machine_start"}, S.TALKING, R.MACHINE),
        ({"CallStatus": "ringing", "AnsweredBy": "machine_start"}, S.RINGING, None),
        ({"CallStatus": "evaporated"}, S.DIALLING, None),  # it moves nothing: the call may be on the line
        ({"CallStatus": "evaporated", "CallDuration": "3"}, S.ENDED, R.OUTCOME_UNKNOWN),
        ({}, S.DIALLING, None),
    ],
)
def test_twilios_words_in_ours(said: dict[str, str], status: CallStatus, result: CallResult | None) -> None:
    assert words.translate(said) == (status, result)


@pytest.mark.parametrize("code", ["480", "408"])
@pytest.mark.parametrize(("order", "result"), [("1", R.OUT_OF_AREA), ("2", R.NO_ANSWER)])
def test_nothing_came_back_means_unreachable_unless_it_rang(
    code: str, order: str, result: CallResult
) -> None:
    """The last event's own number says whether ringing came before it, in whatever order they arrive."""
    said = {"CallStatus": "failed", "SipResponseCode": code, "SequenceNumber": order}
    assert words.translate(said) == (S.ENDED, result)


@pytest.mark.parametrize("stamp", ["", "yesterday", "Mon, 32 Mar 2026 01:00:00 +0000"])
def test_a_time_that_cannot_be_read_is_no_time(stamp: str) -> None:
    assert words.moment({"Timestamp": stamp}) is None


def test_a_word_about_forwarding_that_is_not_documented_for_our_calls_changes_nothing() -> None:
    said = {"CallStatus": "completed", "CallDuration": "9", "SipResponseCode": "200"}
    assert words.translate({**said, "ForwardedFrom": "+8619000000001"}) == words.translate(said)
    assert "ForwardedFrom" not in words.kept({**said, "ForwardedFrom": "+8619000000001"})
