"""The only writer of cases: lock, ask the policy, carry out the plan, log, save; one transaction.

`opening` takes in what a directive reports, `words` records facts and people's words, `turn` decides and moves,
`orders` carries stop-payment orders, `closing` holds the endings that only people may bring about.
"""
