"""Items that a SQL connection cannot try: each names the command to type, and what to look for."""

from __future__ import annotations

from operations.workspace import Item

ITEMS = [
    Item(*item)
    for item in (
        ("bundle-validate", "The definitions of the bundle are what this workspace takes.",
         "dev-tools/bundles/", "databricks bundle validate --strict -t prod"),
        ("bundle-deploy", "The bundle makes what docs/jobs.md lists, Postgres among it.",
         "dev-tools/bundles/", "databricks bundle deploy -t prod, then databricks bundle summary"),
        ("job-daily", "The daily job runs on serverless compute, and reaches warehouse and state.",
         "jobs/run-serverless-jobs",
         "With the seeds: databricks bundle deploy -t dev --var landing=, its secrets in the scope "
         "streaming-dev, then sqlmesh --gateway "
         "databricks plan dev, then databricks bundle run daily"),
        ("job-layers", "The same models run layer by layer.",
         "jobs/run-serverless-jobs", "databricks bundle run layers -t prod"),
        ("job-failure", "A failed run makes the job red, and sends a mail.",
         "jobs/notifications", "databricks bundle run restate -t prod --params feeds=nothing, then "
         "look at the page of the job and the mailbox of alert_email"),
        ("alert-mail", "The alerts on the data send a mail.",
         "sql/user/alerts/", "On the page of the alert on late feeds choose Run now, on a day "
         "without its delivery"),
        ("dashboard", "Each group opens the dashboard, and sees what it may read.",
         "ai-bi/dashboards/", "Open it as one of the analysts, then as one of the engineers"),
        ("metric-views", "The metric views are made, and count as the dashboard does.",
         "business-semantics/metric-views/yaml-reference",
         "Run resources/ai_bi/metric_views_prod.sql in the SQL editor, then SELECT month, "
         "MEASURE(watches) FROM streaming_prod.analytics.viewing_metrics GROUP BY month"),
        ("oauth", "The service principal connects by OAuth.",
         "dev-tools/auth/oauth-m2m",
         "streaming check, with DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET and no token"),
        ("volume-as-folder", "The task of a job sees the volume as a folder.", "volumes/",
         "databricks bundle run daily -t prod, and look at the output of its first task"),
        ("speed", "A day on the smallest warehouse takes minutes.",
         "compute/sql-warehouse/warehouse-types",
         "streaming last-run --gateway databricks, after the daily job"),
    )
]  # fmt: skip
