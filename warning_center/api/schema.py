"""The description of the REST doors: refusals are problem details everywhere, and what may be absent may be empty."""

from typing import Any

from warning_center.api.problems import MEDIA_TYPE

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string", "example": "urn:warning-center:problem:bad-directive"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "example": "location.lat"},
                    "value": {"nullable": True, "description": "What came, cut at 100 characters."},
                    "rule": {"type": "string"},
                },
                "required": ["field", "value", "rule"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
_ALWAYS = {
    "401": "No key or token, or one that is not known or no longer valid.",
    "403": "Known, and not allowed.",
}
_ON_WRITING = {"400": "Refused; the faults are named by field."}


_DIRECTIVE = ("DirectiveRequest", "LocationRequest", "SignsRequest", "ContactRequest")
_ABSENT = {"type": "string", "maxLength": 0, "nullable": True, "description": "Absent."}
_WHO = ("phone", "id_number")


def absent_fields(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """In a directive null and "" mean absent, and it names a person by either of two fields (a hook, as below)."""
    schemas = result["components"]["schemas"]
    for part in map(schemas.__getitem__, _DIRECTIVE):
        for name, kind in part["properties"].items():
            if name not in part.get("required", ()):
                part["properties"][name] = {"anyOf": [kind, _ABSENT]}
    schemas["DirectiveRequest"]["anyOf"] = [{"required": [name]} for name in _WHO]
    return result


def problem_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give every operation its refusals, all in one shape (a hook of drf-spectacular)."""
    result["components"].setdefault("schemas", {})["Problem"] = _PROBLEM
    for operations in result["paths"].values():
        for operation in operations.values():
            _no_signs(operation)
            responses = operation["responses"]
            always = {key: said for key, said in next(iter(responses.values())).items() if key == "headers"}
            for status, description in {**_ALWAYS, **_on(operation)}.items():
                responses.setdefault(status, {**always, "description": description})
            for status, response in responses.items():
                if status.startswith("4"):
                    schema = {"$ref": "#/components/schemas/Problem"}
                    response["content"] = {MEDIA_TYPE: {"schema": schema}}
    return result


def _no_signs(operation: dict[str, Any]) -> None:
    """Numbers in an address are digits."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
            parameter["schema"]["minimum"] = 0


def _on(operation: dict[str, Any]) -> dict[str, str]:
    return _ON_WRITING if "requestBody" in operation else {}
