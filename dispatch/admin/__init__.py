"""The operators' desk and the administrators' lists: doors that ask permission and call one workflow function."""

from dispatch.admin import cases, devices, operators, people, policies, records, showing, units

__all__ = ["cases", "devices", "operators", "people", "policies", "records", "showing", "units"]
