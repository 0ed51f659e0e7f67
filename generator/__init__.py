"""A generator of deliveries for the four feeds of the data contract.

Run it as ``python -m generator --help``. It needs duckdb and nothing else.
"""
