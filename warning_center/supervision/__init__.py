"""What supervisors read: definitions, how the record is counted, the roll-ups, pages, exports, reports, wallboard."""
