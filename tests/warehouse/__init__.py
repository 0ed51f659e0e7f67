"""A local stand-in of a Databricks SQL warehouse for tests: see README.md."""

from .start import Statement, Warehouse, warehouse

__all__ = ["Statement", "Warehouse", "warehouse"]
