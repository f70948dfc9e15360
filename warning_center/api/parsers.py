"""JSON as the REST doors read it: bounded, strict, and never a reason for an error of ours."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant

BODY = 64 * 1024  # bytes, unless a view names its own `body_limit`


class TooLarge(APIException):
    """413: more than the view takes."""

    status_code = 413
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """UTF-8 only; NaN and Infinity, nesting without end and bodies over the view's limit are refused."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """What was sent. Raises ParseError or TooLarge."""
        limit: int = getattr((parser_context or {}).get("view"), "body_limit", BODY)
        body = stream.read(limit + 1)
        if len(body) > limit:
            detail = _("The body may have at most %(limit)d bytes.") % {"limit": limit}
            raise TooLarge(detail)
        try:
            return json.loads(body.decode("utf-8-sig"), parse_constant=strict_constant)
        except UnicodeDecodeError:
            raise ParseError(_("The body is not UTF-8.")) from None
        except RecursionError:
            raise ParseError(_("The body is nested too deeply.")) from None
        except json.JSONDecodeError as fault:
            where = {"line": fault.lineno, "column": fault.colno}
            raise ParseError(_("The body is not JSON: line %(line)d, column %(column)d.") % where) from None
        except ValueError:  # NaN, Infinity, a number of thousands of digits
            raise ParseError(_("The body holds a number that JSON does not know.")) from None
