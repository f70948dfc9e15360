"""The demonstration: the reported events as directives, how people answer in them, and their centre.

`units.json`: six cities, their counties, a police station in each county, towns and villages of Maoming, two
trunks, the sources, one login a role. Administrative codes and the points of cities and counties are public
data (named in its `note`); where towns, villages and stations stand is invented, and so is each station.
`directives.json`: the events in the shape of the REST door, with the code of their `source` beside it.
People and numbers are invented: every phone is of the series 190 0000 xxxx, and every ID number carries an
order number that nobody of that age can have. `answers.json`: how phones and people behave.
warning_center/docs/demonstration.md tells the stories and where they come from.
"""

from warning_center.demonstration.load import Demonstration, Login, answers, directives, load, logins

__all__ = ["Demonstration", "Login", "answers", "directives", "load", "logins"]
