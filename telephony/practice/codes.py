"""Twilio's refusals by its own codes (https://www.twilio.com/docs/api/errors), and the JSON they travel in."""

from collections.abc import Mapping

OF_CODE: Mapping[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter: {said}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account not active"),
    20006: (403, "Access denied"),
    20007: (400, "Page size too large: {said}"),
    20403: (403, "Forbidden"),
    20404: (404, "The requested resource {said} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service is unavailable, please try again"),
    53113: (400, "Room exists"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL: {said}"),
    21206: (400, "Invalid SendDigits: {said}"),
    21208: (400, "Invalid Timeout: {said}"),
    21209: (400, "Invalid method: {said}"),
    21210: (
        400,
        "The source phone number provided, {said}, is not yet verified for your account.",
    ),
    21211: (400, "The phone number you are attempting to call, {said}, is not valid."),
    21212: (400, "The From phone number {said} is not a valid phone number"),
    21213: (400, "No 'From' number is specified"),
    21214: (400, "The phone number you have dialed, {said}, cannot be reached."),
    21215: (
        400,
        "Account not authorized to call {said}. Perhaps you need to enable some international permissions",
    ),
    21217: (400, "Phone number {said} does not appear to be valid"),
    21218: (400, "Invalid ApplicationSid: {said}"),
    21219: (400, "The number {said} is unverified. Trial accounts may only make calls to verified numbers."),
    21220: (400, "Call is not in-progress. Cannot redirect."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number {said} is not a valid, SMS-capable number for your account"),
    21609: (400, "The StatusCallback URL {said} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    21620: (400, "Invalid media URL(s)"),
    21626: (400, "Invalid StatusCallbackEvent(s): {said}"),
    35111: (400, "SendAt is required when ScheduleType is fixed"),
    35114: (400, "SendAt must be between 300 seconds and 35 days from now: {said}"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
    12100: (400, "Document parse failure"),
    12200: (400, "Schema validation warning: {said}"),
    13224: (400, "Dial: invalid phone number format: {said}"),
    22005: (429, "The call queue is full"),
    10004: (429, "Call concurrency limit exceeded"),
}


class Refused(Exception):
    """What was asked is refused with one of Twilio's codes; `said` is quoted in its message."""

    def __init__(self, code: int, said: str = "", *, status: int | None = None) -> None:
        known, message = OF_CODE.get(code, (400, "{said}"))
        super().__init__(message.replace("{said}", said))
        self.code = code
        self.status = status or known

    def as_json(self) -> dict[str, object]:
        """As Twilio's own answers are: code, message, more_info, status."""
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
