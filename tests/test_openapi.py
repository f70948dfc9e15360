"""The description of the REST doors is valid and whole, and its pages name nothing outside."""

from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from openapi_spec_validator import validate
from pytest_django import DjangoDbBlocker

from tests.senders import row
from warning_center import demonstration, rows
from warning_center.api.serializers import BadDirective, read

HTTP = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def schema(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> dict[str, Any]:
    with django_db_blocker.unblock():
        told: dict[str, Any] = yaml.safe_load(Client().get("/api/v1/schema/").content)
    return told


def test_the_schema_is_generated_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert "Warning" not in capsys.readouterr().err


def test_the_schema_is_valid_openapi(schema: dict[str, Any]) -> None:
    validate(schema)


def test_every_operation_of_the_contract_is_described(schema: dict[str, Any]) -> None:
    described = {
        (path, method) for path, item in schema["paths"].items() for method in item if method in HTTP
    }
    assert {(path.removeprefix("/api/v1/"), method) for path, method in described} >= {
        ("directives", "post"),
        ("directives/batch", "post"),
        ("directives/{reference}", "get"),
        ("field/token", "post"),
        ("field/token", "delete"),
        ("field/visits", "get"),
        ("field/visits/{visit}", "get"),
        ("field/visits/{visit}/acknowledge", "post"),
        ("field/visits/{visit}/arrive", "post"),
        ("field/visits/{visit}/report", "post"),
        ("field/visits/{visit}/set-out", "post"),
        ("field/visits/{visit}/photos", "post"),
        ("field/visits/{visit}/photos/{key}", "get"),
        ("field/token/renew", "post"),
        ("field/changes", "get"),
        ("field/stream", "get"),
    }


def test_every_operation_names_its_refusals_as_problem_details(schema: dict[str, Any]) -> None:
    for path, item in schema["paths"].items():
        for operation in (item[method] for method in HTTP if method in item):
            if path.endswith("/schema/"):
                continue
            codes = set(operation["responses"])
            assert codes >= {"401", "403"}, path
            assert "400" in codes or "requestBody" not in operation, path
            assert "404" in codes or "{" not in path, path
            for code in codes:
                if code.startswith("4"):
                    content = operation["responses"][code]["content"]
                    assert list(content) == ["application/problem+json"]
    assert "409" in schema["paths"]["/api/v1/directives"]["post"]["responses"]


def test_every_answer_of_the_field_says_what_time_it_is_at_the_centre(schema: dict[str, Any]) -> None:
    field = {path: item for path, item in schema["paths"].items() if path.startswith("/api/v1/field/")}
    answers = [
        answer
        for item in field.values()
        for method in HTTP
        if method in item
        for answer in item[method]["responses"].values()
    ]
    assert len(answers) > 50
    for answer in answers:
        assert answer["headers"]["Centre-Time"]["schema"] == {"type": "string", "format": "date-time"}


def test_every_field_of_a_directive_is_described(schema: dict[str, Any]) -> None:
    described = schema["components"]["schemas"]["DirectiveRequest"]
    assert described["required"] == ["fraud_type", "issued_at", "reference"]
    assert described["properties"].keys() >= row().keys() | {
        "id_number",
        "location",
        "signs",
        "contacts",
        "amount",
    }


@pytest.mark.parametrize(
    "given",
    [
        *demonstration.directives(),
        row(amount=300000, age=None, name="", level="", location=None, signs={"on_call_seconds": ""}),
        row(amount="300000.50", phone=None, id_number="440902195903151234", contacts=None),
    ],
)
def test_what_the_door_takes_is_good_by_its_description(
    schema: dict[str, Any], given: dict[str, Any]
) -> None:
    """Null and "" mean absent there too; an amount is a number or its digits."""
    _, directive = rows.split_source(given)
    assert list(by_the_description(schema).iter_errors(directive)) == []
    read(directive)


@pytest.mark.parametrize(
    "given",
    [row(amount=-1), row(amount="much"), row(phone=7), row(location={"lat": 91}), {**row(), "phone": []}],
)
def test_what_the_door_refuses_is_bad_by_its_description(
    schema: dict[str, Any], given: dict[str, Any]
) -> None:
    assert list(by_the_description(schema).iter_errors(given)) != []
    with pytest.raises(BadDirective):
        read(given)


@pytest.mark.parametrize(("path", "many"), [("directives", False), ("directives/batch", True)])
def test_the_examples_of_the_description_are_good_directives(
    schema: dict[str, Any], path: str, many: bool
) -> None:
    body = schema["paths"][f"/api/v1/{path}"]["post"]["requestBody"]["content"]["application/json"]
    shown = [example["value"] for example in body["examples"].values()]
    directives = [one for value in shown for one in (value if many else [value])]
    assert len(directives) == 2
    for directive in directives:
        assert list(by_the_description(schema).iter_errors(directive)) == []
        read(directive)


def test_a_directive_about_nobody_is_bad_by_the_description(schema: dict[str, Any]) -> None:
    nobody = row()
    del nobody["phone"]
    assert [fault.validator for fault in by_the_description(schema).iter_errors(nobody)] == ["anyOf"]


def by_the_description(schema: dict[str, Any]) -> OAS30Validator:
    whole = {**schema, "$ref": "#/components/schemas/DirectiveRequest"}
    return OAS30Validator(whole, format_checker=oas30_format_checker)


def test_a_disposition_from_the_door_is_described_with_its_reason(schema: dict[str, Any]) -> None:
    ways = schema["components"]["schemas"]["ReportRequest"]["oneOf"]
    assert [one["required"] for one in ways] == [["disposition", "note"], ["result"]]


def test_only_signing_in_and_the_description_are_open(schema: dict[str, Any]) -> None:
    is_open = {
        f"{method} {path}"
        for path, item in schema["paths"].items()
        for method in HTTP
        if method in item and {} in item[method].get("security", [{}])
    }
    renewing = "post /api/v1/field/token/renew"  # by a refresh token, in the body
    assert is_open <= {"post /api/v1/field/token", renewing, "get /api/v1/schema/"}


@pytest.mark.parametrize("page_name", ["docs", "redoc"])
def test_the_pages_name_nothing_outside(db: None, page_name: str) -> None:
    text = Client().get(f"/api/v1/{page_name}/").content.decode()
    assert "//" not in text.replace("// ", "").replace("http://testserver", "")
    assert "drf_spectacular_sidecar" in text
