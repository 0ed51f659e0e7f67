"""The lower limit: the statements of the dbt project in one DuckDB process, without dbt."""
