"""The operators' desk and the administrators' lists: doors that ask permission and call one workflow function."""

from dispatch.admin import cases, operators, people, policies, records, showing, units

__all__ = ["cases", "operators", "people", "policies", "records", "showing", "units"]
