"""What every carrier must do, whichever it is: one contract, run against each of them."""

from collections.abc import Iterator

import pytest

from telephony.carrier import CallResult, CallStatus, CarrierError, Update
from telephony.clock import MovingClock
from tests.telephony.samples import NUMBER, a_dial
from tests.telephony.stages import MEETS, STAGES, Stage

R = CallResult
KEYS = [f"00000000-0000-4000-8000-0000000001{n:02}" for n in range(20)]


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, moving: MovingClock) -> Iterator[Stage]:
    with STAGES[request.param](moving) as made:
        yield made


def has_ended(news: list[Update]) -> bool:
    return any(update.status is CallStatus.ENDED for update in news)


def result_of(news: list[Update]) -> CallResult | None:
    """What a call met, by all its news: a machine heard at any time is what answered."""
    ends = [u.result for u in news if u.status is CallStatus.ENDED]
    machine = any(u.result is R.MACHINE for u in news)
    return R.MACHINE if machine and ends == [R.ANSWERED] else ends[0]


def test_a_calls_news_comes_in_order_to_its_end(stage: Stage) -> None:
    dial = a_dial()
    stage.behaves(NUMBER, R.ANSWERED)
    external_id = stage.carrier.place(dial)
    for _ in range(7):
        stage.forward(10)
    news = stage.heard(has_ended)
    assert {(u.key, u.external_id) for u in news} == {(dial.key, external_id)}
    assert {u.status for u in news} >= {CallStatus.RINGING, CallStatus.TALKING, CallStatus.ENDED}
    assert all(u.result is None for u in news[:-1])
    assert result_of(news) is R.ANSWERED


def test_news_says_when_it_happened(stage: Stage) -> None:
    stage.behaves(NUMBER, R.ANSWERED)
    stage.carrier.place(a_dial())
    stage.forward(600)
    news = stage.heard(has_ended)
    times = [u.at for u in sorted(news, key=lambda u: u.status.rank) if u.at]
    assert times == sorted(times)
    assert times[-1] < stage.clock()


@pytest.mark.parametrize(("stage", "result"), MEETS, indirect=["stage"])
def test_what_a_call_met_is_told_in_our_words(stage: Stage, result: CallResult) -> None:
    stage.behaves(NUMBER, result)
    stage.carrier.place(a_dial())
    stage.forward(120)
    if result is R.MACHINE and not stage.hears_machines:
        result = R.ANSWERED  # never a guess: who answered is a person's word
    assert result_of(stage.heard(has_ended)) is result


def test_a_call_is_made_once(stage: Stage) -> None:
    stage.carrier.place(a_dial())
    stage.forward(120)
    stage.heard(has_ended)
    assert stage.made(NUMBER) == 1


def test_asking_tells_where_a_call_stands(stage: Stage) -> None:
    stage.behaves(NUMBER, R.ANSWERED)
    external_id = stage.carrier.place(a_dial())
    dial = a_dial(external_id=external_id)
    stood = []
    for seconds in (0, 3, 10, 60):
        stage.forward(seconds)
        found = stage.carrier.find(dial)
        assert found is not None
        assert (found.key, found.external_id) == (dial.key, external_id)
        stood.append((found.status, found.result))
    assert stood == [
        (CallStatus.DIALLING, None),
        (CallStatus.RINGING, None),
        (CallStatus.TALKING, None),
        (CallStatus.ENDED, R.ANSWERED),
    ]


def test_a_call_whose_id_was_never_saved_is_adopted(stage: Stage) -> None:
    external_id = stage.carrier.place(a_dial())
    stage.forward(90)
    found = stage.carrier.find(a_dial())
    assert found is not None
    assert (found.external_id, found.status) == (external_id, CallStatus.ENDED)


def test_a_redial_is_not_taken_for_its_forerunner(stage: Stage) -> None:
    stage.behaves(NUMBER, R.REJECTED)
    stage.carrier.place(a_dial(key=KEYS[0]))
    stage.forward(30)
    redial = a_dial(key=KEYS[1], at=stage.clock())
    assert stage.carrier.find(redial) is None
    external_id = stage.carrier.place(redial)
    found = stage.carrier.find(redial)
    assert found is not None
    assert found.external_id == external_id


def test_a_call_that_was_never_placed_is_certainly_unknown(stage: Stage) -> None:
    stage.carrier.place(a_dial("+8619000000002", key=KEYS[0]))
    assert stage.carrier.find(a_dial()) is None


def test_a_ringing_call_that_is_hung_up_was_cancelled(stage: Stage) -> None:
    stage.behaves(NUMBER, R.ANSWERED)
    dial = a_dial(external_id=stage.carrier.place(a_dial()))
    stage.forward(3)
    stage.carrier.hang_up(dial)
    stage.run()
    assert result_of(stage.heard(has_ended)) is R.CANCELLED
    found = stage.carrier.find(dial)
    assert found is not None
    assert (found.status, found.result) == (CallStatus.ENDED, R.CANCELLED)


def test_a_talk_that_is_hung_up_was_answered(stage: Stage) -> None:
    stage.behaves(NUMBER, R.ANSWERED)
    dial = a_dial(external_id=stage.carrier.place(a_dial()))
    stage.forward(20)
    stage.carrier.hang_up(dial)
    stage.run()
    assert result_of(stage.heard(has_ended)) is R.ANSWERED


def test_hanging_up_again_does_nothing(stage: Stage) -> None:
    stage.behaves(NUMBER, R.ANSWERED)
    dial = a_dial(external_id=stage.carrier.place(a_dial()))
    stage.forward(3)
    stage.carrier.hang_up(dial)
    stage.carrier.hang_up(dial)
    stage.forward(120)
    stage.carrier.hang_up(dial)
    stage.run()
    assert [u.status for u in stage.heard(has_ended)].count(CallStatus.ENDED) == 1


def test_hanging_up_on_nobody_does_nothing(stage: Stage) -> None:
    stage.carrier.hang_up(a_dial())
    assert stage.made(NUMBER) == 0


def test_a_call_whose_id_was_never_saved_can_be_hung_up(stage: Stage) -> None:
    stage.behaves(NUMBER, R.ANSWERED)
    stage.carrier.place(a_dial())
    stage.forward(3)
    stage.carrier.hang_up(a_dial())
    stage.run()
    assert result_of(stage.heard(has_ended)) is R.CANCELLED


def test_a_text_is_sent_or_certainly_not(stage: Stage) -> None:
    if not stage.sends_texts:
        with pytest.raises(CarrierError) as refusal:
            stage.carrier.send_text(key=KEYS[0], number=NUMBER, body="请勿转账")
        assert refusal.value.certain
        return
    assert stage.carrier.send_text(key=KEYS[0], number=NUMBER, body="请勿转账")


def test_nothing_that_a_carrier_says_quotes_the_number(stage: Stage) -> None:
    stage.carrier.place(a_dial())
    stage.forward(120)
    news = stage.heard(has_ended)
    assert not any(NUMBER.removeprefix("+86") in str(u.evidence) for u in news)


def test_asking_twice_for_one_call_is_never_certain_to_have_failed(stage: Stage) -> None:
    """Some carriers cannot tell, and make another call: that it is asked once is our promise, not theirs."""
    stage.carrier.place(a_dial())
    certain = False
    try:
        stage.carrier.place(a_dial())
    except CarrierError as fault:
        certain = fault.certain
    assert not certain
