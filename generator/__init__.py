"""A generator of deliveries for the four feeds of the data contract.

`streaming generate --help` says what it can be asked for. It needs duckdb and nothing else.
"""
