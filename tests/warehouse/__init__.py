"""A local stand-in of a Databricks SQL warehouse for tests: see README.md."""

from .start import ADMIN, Statement, Warehouse, warehouse

__all__ = ["ADMIN", "Statement", "Warehouse", "warehouse"]
