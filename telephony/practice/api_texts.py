"""Messages as the API offers them."""

from telephony.practice import checks, lists, requests
from telephony.practice.asked import Answer, Asked
from telephony.practice.checks import one
from telephony.practice.codes import Refused
from telephony.practice.records import Message


def create_message(asked: Asked) -> Answer:
    form, switch = asked.form, asked.switch
    to = requests.message_wanted(form)
    waits_until = requests.send_at(form, switch.clock())
    phone = switch.phones.text(to)
    if phone.refuse:
        raise Refused(phone.refuse[1], to, status=phone.refuse[0])
    message = Message(
        asked.account,
        asked.token,
        to,
        checks.plain(one(form, "From")) or None,
        one(form, "MessagingServiceSid") or None,
        one(form, "Body"),
        one(form, "StatusCallback"),
        phone,
        switch.clock(),
        len(form.get("MediaUrl", ())),
        "queued" if waits_until is None else "scheduled",
    )
    shown = message.as_json()
    switch.text(message, waits_until or message.created)
    return 201, shown


def list_messages(asked: Asked) -> Answer:
    query = asked.query
    rows = [
        message
        for message in reversed(asked.switch.messages.values())
        if message.account == asked.account
        and one(query, "To", message.to) == message.to
        and one(query, "From", message.sender or "") == (message.sender or "")
        and lists.in_time(query, "DateSent", message.sent)
    ]
    return 200, lists.page(rows, Message.as_json, query, path=asked.path, name="messages")


def _message(asked: Asked) -> Message:
    message = asked.switch.messages.get(asked.named[0])
    if message is None or message.account != asked.account:
        raise asked.missing()
    return message


def fetch_message(asked: Asked) -> Answer:
    return 200, _message(asked).as_json()


def update_message(asked: Asked) -> Answer:
    """Blank its text, the only one it may be given; or cancel it while it waits."""
    message = _message(asked)
    checks.every(asked.form, requests.UPDATE_MESSAGE)
    if one(asked.form, "Status") and message.status not in ("accepted", "scheduled", "queued"):
        raise Refused(20001, "the message is on its way already")
    if one(asked.form, "Status"):
        message.status = "canceled"
    if "Body" in asked.form:
        if one(asked.form, "Body"):
            raise Refused(20001, "Body may only be made empty")
        message.body = ""
    return 200, message.as_json()


def delete_message(asked: Asked) -> Answer:
    del asked.switch.messages[_message(asked).sid]
    return 204, None
