"""The feeds and the layers: names, columns and types, said here and nowhere else.

Plain data, so that commands and the bundle read it without SQLMesh; macros/columns.py hands it to
the models. tests/oracle.py says the columns again, on purpose: it judges what this says.
"""

# A feed's columns, as they are delivered, each with its type in bronze (contract, section 1). No
# other module may have these names: SQLMesh keeps one value a name of what a model's macros use.
USERS_COLUMNS = (
    ("user_id", "BIGINT"),
    ("name", "STRING"),
    ("email", "STRING"),
    ("country", "STRING"),
    ("subscription_plan", "STRING"),
    ("signed_up_on", "DATE"),
    ("updated_at", "TIMESTAMP_NTZ"),
)

SHOWS_COLUMNS = (
    ("show_id", "BIGINT"),
    ("title", "STRING"),
    ("genre", "STRING"),
    ("release_year", "INT"),
    ("seasons", "INT"),
    ("rating_avg", "DOUBLE"),
    ("updated_at", "TIMESTAMP_NTZ"),
)

WATCHES_COLUMNS = (
    ("watch_id", "BIGINT"),
    ("user_id", "BIGINT"),
    ("show_id", "BIGINT"),
    ("watched_at", "TIMESTAMP_NTZ"),
    ("minutes_watched", "INT"),
    ("completion_pct", "DOUBLE"),
    ("status", "STRING"),
    ("device", "STRING"),
)

RATINGS_COLUMNS = (
    ("rating_id", "BIGINT"),
    ("user_id", "BIGINT"),
    ("show_id", "BIGINT"),
    ("watch_id", "BIGINT"),
    ("rating", "INT"),
    ("review", "STRING"),
    ("rated_at", "TIMESTAMP_NTZ"),
)

# Of those who ask to be forgotten. It is no feed of the models below: nothing of it is judged.
ERASURES_COLUMNS = (
    ("user_id", "BIGINT"),
    ("requested_at", "TIMESTAMP_NTZ"),
)

FEEDS = ("users", "shows", "watches", "ratings")
REQUESTS = "erasures"
LANDED = (*FEEDS, REQUESTS)

# What can be wrong with a value; with the column before it, the reason in quarantine.
REASONS = ("missing", "malformed", "out_of_range", "unknown")

# In the order in which a run computes them.
LAYERS = ("bronze", "silver", "quarantine", "quality", "gold", "analytics")
