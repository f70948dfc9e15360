"""The register of units: files of units, areas and rosters, read, checked row by row, and loaded as they differ."""
