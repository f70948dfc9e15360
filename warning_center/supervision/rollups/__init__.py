"""The roll-ups: kept along the record, made anew from it, compared with it, read by the pages."""
