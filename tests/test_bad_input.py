"""Bad input: each kind is in quarantine with the right reasons, is accepted with a stated value, or
stops the run with an error that names the file and leaves gold as it was.

What is expected is written here by hand, kind by kind; the oracle checks the whole once more.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import oracle
import pyarrow as pa
import pyarrow.parquet
import pytest
from harness import (
    ARROW_TYPES,
    Failures,
    Platform,
    assert_equal,
    csv_text,
    json_text,
    morning_after,
)
from sqlmesh import Context
from sqlmesh.core.console import get_console
from sqlmesh.utils.errors import SQLMeshError

Row = dict[str, Any]

PARENTS_DAY = date(2026, 1, 5)
ROWS_DAY = date(2026, 1, 6)
FILES_DAY = date(2026, 1, 8)  # no file at all on the 7th
NBSP = "\u00a0"
MEGABYTE = 1024 * 1024


class Literal(str):
    """A JSON value that Python's json would not write."""


# ------------------------------------------------------------------ kinds of rows

# Name, feed, what differs from a good row; then the reasons of a rejected row (a list) or what
# silver shows of an accepted one (a dict). Text, for csv and json; a kind that changes only text
# columns, or leaves values out, is delivered as parquet too.
Expected = list[str] | dict[str, Any]
TEXT_ROWS: list[tuple[str, str, Row, Expected]] = [
    # --- missing
    ("no user_id", "users", {"user_id": None}, ["user_id_missing"]),
    ("no name", "users", {"name": None}, ["name_missing"]),
    ("no email", "users", {"email": None}, ["email_missing"]),
    ("no updated_at of a user", "users", {"updated_at": None}, ["updated_at_missing"]),
    ("no show_id", "shows", {"show_id": None}, ["show_id_missing"]),
    ("no title", "shows", {"title": None}, ["title_missing"]),
    ("no updated_at of a show", "shows", {"updated_at": None}, ["updated_at_missing"]),
    ("no watch_id", "watches", {"watch_id": None}, ["watch_id_missing"]),
    ("no user_id of a watch", "watches", {"user_id": None}, ["user_id_missing"]),
    ("no show_id of a watch", "watches", {"show_id": None}, ["show_id_missing"]),
    ("no watched_at", "watches", {"watched_at": None}, ["watched_at_missing"]),
    ("no completion_pct", "watches", {"completion_pct": None}, ["completion_pct_missing"]),
    ("no status", "watches", {"status": None}, ["status_missing"]),
    ("no rating_id", "ratings", {"rating_id": None}, ["rating_id_missing"]),
    ("no user_id of a rating", "ratings", {"user_id": None}, ["user_id_missing"]),
    ("no show_id of a rating", "ratings", {"show_id": None}, ["show_id_missing"]),
    ("no rating", "ratings", {"rating": None}, ["rating_missing"]),
    ("no rated_at", "ratings", {"rated_at": None}, ["rated_at_missing"]),
    ("an empty name", "users", {"name": ""}, ["name_missing"]),
    ("an empty user_id", "users", {"user_id": ""}, ["user_id_missing"]),
    ("an empty watched_at", "watches", {"watched_at": ""}, ["watched_at_missing"]),
    ("a title of spaces", "shows", {"title": "   "}, ["title_missing"]),
    ("a name of tabs and line breaks", "users", {"name": "\t\r\n \n"}, ["name_missing"]),
    ("a status of vertical tab and form feed", "watches", {"status": "\v\f"}, ["status_missing"]),
    ("a rating of spaces", "ratings", {"rating": "  "}, ["rating_missing"]),
    ("a rated_at of line breaks", "ratings", {"rated_at": "\r\n"}, ["rated_at_missing"]),
    ("a completion_pct of a form feed", "watches", {"completion_pct": "\f"},
     ["completion_pct_missing"]),
    # --- malformed integers
    ("a fraction for an INT", "ratings", {"rating": "3.7"}, ["rating_malformed"]),
    ("half a star", "ratings", {"rating": "4.5"}, ["rating_malformed"]),
    ("a whole number with a point for an INT", "ratings", {"rating": "4.0"}, ["rating_malformed"]),
    ("a point after an INT", "ratings", {"rating": "4."}, ["rating_malformed"]),
    ("an exponent for an INT", "watches", {"minutes_watched": "1e1"},
     ["minutes_watched_malformed"]),
    ("an underscore in an INT", "watches", {"minutes_watched": "1_0"},
     ["minutes_watched_malformed"]),
    ("hexadecimal", "watches", {"minutes_watched": "0x10"}, ["minutes_watched_malformed"]),
    ("binary", "watches", {"minutes_watched": "0b1"}, ["minutes_watched_malformed"]),
    ("a thousands comma", "watches", {"minutes_watched": "1,000"}, ["minutes_watched_malformed"]),
    ("a thousands space", "watches", {"minutes_watched": "1 000"}, ["minutes_watched_malformed"]),
    ("a unit", "watches", {"minutes_watched": "40 min"}, ["minutes_watched_malformed"]),
    ("two signs", "watches", {"minutes_watched": "+-4"}, ["minutes_watched_malformed"]),
    ("a sign alone", "watches", {"minutes_watched": "-"}, ["minutes_watched_malformed"]),
    ("a sign after the digits", "watches", {"minutes_watched": "4-"},
     ["minutes_watched_malformed"]),
    ("a space after the sign", "watches", {"minutes_watched": "- 4"},
     ["minutes_watched_malformed"]),
    ("a minus of typography", "watches", {"minutes_watched": "\u22124"},
     ["minutes_watched_malformed"]),
    ("Arabic digits", "shows", {"seasons": "١٢"}, ["seasons_malformed"]),
    ("full-width digits", "shows", {"seasons": "１２"}, ["seasons_malformed"]),
    ("a superscript digit", "shows", {"seasons": "²"}, ["seasons_malformed"]),
    ("a word for an INT", "shows", {"seasons": "three"}, ["seasons_malformed"]),
    ("the word NULL for an INT", "shows", {"seasons": "NULL"}, ["seasons_malformed"]),
    ("the word true for an INT", "shows", {"seasons": "true"}, ["seasons_malformed"]),
    ("NaN for an INT", "shows", {"seasons": "NaN"}, ["seasons_malformed"]),
    ("one more than an INT holds", "shows", {"seasons": "2147483648"}, ["seasons_malformed"]),
    ("one less than an INT holds", "watches", {"minutes_watched": "-2147483649"},
     ["minutes_watched_malformed"]),
    ("a BIGINT for an INT", "shows", {"release_year": "9223372036854775807"},
     ["release_year_malformed"]),
    ("one more than a BIGINT holds", "users", {"user_id": "9223372036854775808"},
     ["user_id_malformed"]),
    ("one less than a BIGINT holds", "watches", {"watch_id": "-9223372036854775809"},
     ["watch_id_malformed"]),
    ("a key of 400 digits", "shows", {"show_id": "7" * 400}, ["show_id_malformed"]),
    ("a key of a megabyte", "shows", {"show_id": "7" * MEGABYTE}, ["show_id_malformed"]),
    ("a key with a letter", "ratings", {"rating_id": "12a"}, ["rating_id_malformed"]),
    ("a UUID for a key", "users", {"user_id": "0a1b2c3d-0000-4000-8000-000000000001"},
     ["user_id_malformed"]),
    ("a year with an apostrophe", "shows", {"release_year": "'99"}, ["release_year_malformed"]),
    ("a no-break space beside an INT", "ratings", {"rating": NBSP + "5"}, ["rating_malformed"]),
    ("a zero-width space beside an INT", "ratings", {"rating": "5\u200b"}, ["rating_malformed"]),
    ("a next-line character after an INT", "ratings", {"rating": "5\u0085"},
     ["rating_malformed"]),
    ("a line separator after an INT", "ratings", {"rating": "5\u2028"}, ["rating_malformed"]),
    ("a NUL after an INT", "ratings", {"rating": "5\x00"}, ["rating_malformed"]),
    ("a control character in an INT", "ratings", {"rating": "\x015"}, ["rating_malformed"]),
    ("a unit separator after an INT", "ratings", {"rating": "5\x1f"}, ["rating_malformed"]),
    ("a line break within an INT", "watches", {"minutes_watched": "1\n2"},
     ["minutes_watched_malformed"]),
    ("quotes around an INT", "watches", {"minutes_watched": '"40"'},
     ["minutes_watched_malformed"]),
    ("an SQL text for an INT", "watches", {"minutes_watched": "1'); DROP TABLE bronze.users; --"},
     ["minutes_watched_malformed"]),
    ("a JSON text for an INT", "watches", {"minutes_watched": '{"user_id":null,"show_id":1,}'},
     ["minutes_watched_malformed"]),
    ("all that JSON escapes, for an INT", "watches",
     {"minutes_watched": '"\\\b\f\n\r\t\x00\x01\x1f\x7f/é\U0001f600'},
     ["minutes_watched_malformed"]),
    ("a padded malformed INT keeps its padding", "watches", {"minutes_watched": " \t4x \n"},
     ["minutes_watched_malformed"]),
    ("a spreadsheet's error", "shows", {"seasons": "#REF!"}, ["seasons_malformed"]),
    # --- malformed numbers
    ("NaN", "shows", {"rating_avg": "NaN"}, ["rating_avg_malformed"]),
    ("nan with a sign", "shows", {"rating_avg": "-nan"}, ["rating_avg_malformed"]),
    ("Infinity", "shows", {"rating_avg": "Infinity"}, ["rating_avg_malformed"]),
    ("-inf", "watches", {"completion_pct": "-inf"}, ["completion_pct_malformed"]),
    ("1e999", "watches", {"completion_pct": "1e999"}, ["completion_pct_malformed"]),
    ("-1e999", "shows", {"rating_avg": "-1e999"}, ["rating_avg_malformed"]),
    ("400 digits for a DOUBLE", "shows", {"rating_avg": "9" * 400}, ["rating_avg_malformed"]),
    ("an underscore in a DOUBLE", "shows", {"rating_avg": "1_0.5"}, ["rating_avg_malformed"]),
    ("a hexadecimal DOUBLE", "shows", {"rating_avg": "0x1p1"}, ["rating_avg_malformed"]),
    ("a decimal comma", "watches", {"completion_pct": "0,5"}, ["completion_pct_malformed"]),
    ("a per cent sign", "watches", {"completion_pct": "50%"}, ["completion_pct_malformed"]),
    ("two points", "shows", {"rating_avg": "4.5.1"}, ["rating_avg_malformed"]),
    ("a point alone", "shows", {"rating_avg": "."}, ["rating_avg_malformed"]),
    ("an exponent alone", "shows", {"rating_avg": "e1"}, ["rating_avg_malformed"]),
    ("an exponent without digits", "shows", {"rating_avg": "1e"}, ["rating_avg_malformed"]),
    ("an exponent with a fraction", "shows", {"rating_avg": "1e0.5"}, ["rating_avg_malformed"]),
    ("Java's suffix for a double", "shows", {"rating_avg": "4.5d"}, ["rating_avg_malformed"]),
    ("a fraction by a stroke", "watches", {"completion_pct": "1/2"}, ["completion_pct_malformed"]),
    ("Arabic digits in a DOUBLE", "shows", {"rating_avg": "٤.٥"}, ["rating_avg_malformed"]),
    # --- malformed dates
    ("29 February 2026", "users", {"signed_up_on": "2026-02-29"}, ["signed_up_on_malformed"]),
    ("29 February 1900", "users", {"signed_up_on": "1900-02-29"}, ["signed_up_on_malformed"]),
    ("31 April", "users", {"signed_up_on": "2025-04-31"}, ["signed_up_on_malformed"]),
    ("month 13", "users", {"signed_up_on": "2025-13-01"}, ["signed_up_on_malformed"]),
    ("month 00", "users", {"signed_up_on": "2025-00-10"}, ["signed_up_on_malformed"]),
    ("day 00", "users", {"signed_up_on": "2025-01-00"}, ["signed_up_on_malformed"]),
    ("year 0000", "users", {"signed_up_on": "0000-01-01"}, ["signed_up_on_malformed"]),
    ("year 10000", "users", {"signed_up_on": "10000-01-01"}, ["signed_up_on_malformed"]),
    ("a negative year", "users", {"signed_up_on": "-2025-01-01"}, ["signed_up_on_malformed"]),
    ("a date of single digits", "users", {"signed_up_on": "2026-1-5"}, ["signed_up_on_malformed"]),
    ("a date with slashes", "users", {"signed_up_on": "2026/01/05"}, ["signed_up_on_malformed"]),
    ("a date the other way round", "users", {"signed_up_on": "05-01-2026"},
     ["signed_up_on_malformed"]),
    ("a date without dashes", "users", {"signed_up_on": "20260105"}, ["signed_up_on_malformed"]),
    ("a date with a time", "users", {"signed_up_on": "2026-01-05 00:00:00"},
     ["signed_up_on_malformed"]),
    ("a date in words", "users", {"signed_up_on": "5 Jan 2026"}, ["signed_up_on_malformed"]),
    ("a date before Christ", "users", {"signed_up_on": "2025-01-01 (BC)"},
     ["signed_up_on_malformed"]),
    ("the word infinity for a date", "users", {"signed_up_on": "infinity"},
     ["signed_up_on_malformed"]),
    ("the word today for a date", "users", {"signed_up_on": "today"}, ["signed_up_on_malformed"]),
    ("a spreadsheet's day number", "users", {"signed_up_on": "45662"}, ["signed_up_on_malformed"]),
    ("a date in Arabic digits", "users", {"signed_up_on": "٢٠٢٦-٠١-٠٥"},
     ["signed_up_on_malformed"]),
    # --- malformed timestamps
    ("24:00:00", "watches", {"watched_at": "2026-01-05 24:00:00"}, ["watched_at_malformed"]),
    ("23:59:60", "watches", {"watched_at": "2026-01-05 23:59:60"}, ["watched_at_malformed"]),
    ("minute 60", "watches", {"watched_at": "2026-01-05 23:60:00"}, ["watched_at_malformed"]),
    ("hour of one digit", "watches", {"watched_at": "2026-01-05 1:00:00"},
     ["watched_at_malformed"]),
    ("a timestamp without seconds", "watches", {"watched_at": "2026-01-05 10:00"},
     ["watched_at_malformed"]),
    ("a timestamp without a time", "watches", {"watched_at": "2026-01-05"},
     ["watched_at_malformed"]),
    ("a timestamp of no real day", "watches", {"watched_at": "2026-02-29 10:00:00"},
     ["watched_at_malformed"]),
    ("a timestamp of no real day with an offset", "watches",
     {"watched_at": "2026-02-29T10:00:00+02:00"}, ["watched_at_malformed"]),
    ("two spaces before the time", "watches", {"watched_at": "2026-01-05  10:00:00"},
     ["watched_at_malformed"]),
    ("a tab before the time", "watches", {"watched_at": "2026-01-05\t10:00:00"},
     ["watched_at_malformed"]),
    ("a lower-case t", "watches", {"watched_at": "2026-01-05t10:00:00"}, ["watched_at_malformed"]),
    ("a lower-case z", "watches", {"watched_at": "2026-01-05T10:00:00z"},
     ["watched_at_malformed"]),
    ("UTC spelled out", "watches", {"watched_at": "2026-01-05 10:00:00 UTC"},
     ["watched_at_malformed"]),
    ("a time zone's name", "watches", {"watched_at": "2026-01-05 10:00:00 Europe/Berlin"},
     ["watched_at_malformed"]),
    ("a space before the offset", "watches", {"watched_at": "2026-01-05 10:00:00 +01:00"},
     ["watched_at_malformed"]),
    ("an offset of hours alone", "watches", {"watched_at": "2026-01-05 10:00:00+01"},
     ["watched_at_malformed"]),
    ("an offset of one digit", "watches", {"watched_at": "2026-01-05 10:00:00+1:00"},
     ["watched_at_malformed"]),
    ("an offset past 14:00", "watches", {"watched_at": "2026-01-05 10:00:00+14:01"},
     ["watched_at_malformed"]),
    ("a negative offset past 14:00", "watches", {"watched_at": "2026-01-05 10:00:00-1430"},
     ["watched_at_malformed"]),
    ("an offset of a day", "watches", {"watched_at": "2026-01-05 10:00:00+24:00"},
     ["watched_at_malformed"]),
    ("an offset of 60 minutes", "watches", {"watched_at": "2026-01-05 10:00:00+05:60"},
     ["watched_at_malformed"]),
    ("an offset of seconds", "watches", {"watched_at": "2026-01-05 10:00:00+01:00:00"},
     ["watched_at_malformed"]),
    ("Z and an offset", "watches", {"watched_at": "2026-01-05 10:00:00Z+01:00"},
     ["watched_at_malformed"]),
    ("a point without digits", "watches", {"watched_at": "2026-01-05 10:00:00."},
     ["watched_at_malformed"]),
    ("a comma before the fraction", "watches", {"watched_at": "2026-01-05 10:00:00,5"},
     ["watched_at_malformed"]),
    ("an American afternoon", "watches", {"watched_at": "01/05/2026 10:00:00 PM"},
     ["watched_at_malformed"]),
    ("seconds since 1970", "watches", {"watched_at": "1767607200"}, ["watched_at_malformed"]),
    ("the word epoch", "ratings", {"rated_at": "epoch"}, ["rated_at_malformed"]),
    ("the word now", "ratings", {"rated_at": "now"}, ["rated_at_malformed"]),
    ("year 0000 in a timestamp", "ratings", {"rated_at": "0000-12-31 23:59:59"},
     ["rated_at_malformed"]),
    ("year 0000 that UTC would mend", "ratings", {"rated_at": "0000-12-31 23:30:00-01:00"},
     ["rated_at_malformed"]),
    ("an offset that leaves year 1", "ratings", {"rated_at": "0001-01-01 00:30:00+01:00"},
     ["rated_at_malformed"]),
    ("an offset that leaves year 9999", "ratings", {"rated_at": "9999-12-31 23:30:00-01:00"},
     ["rated_at_malformed"]),
    ("year 10000 in a timestamp", "ratings", {"rated_at": "10000-01-01 00:00:00"},
     ["rated_at_malformed"]),
    ("year 294247", "ratings", {"rated_at": "294247-01-10 04:00:54"}, ["rated_at_malformed"]),
    ("a timestamp in Arabic digits", "ratings", {"rated_at": "٢٠٢٦-٠١-٠٥ ١٠:٠٠:٠٠"},
     ["rated_at_malformed"]),
    ("a no-break space in a timestamp", "ratings", {"rated_at": f"2026-01-05{NBSP}10:00:00"},
     ["rated_at_malformed"]),
    ("a malformed updated_at of a user", "users", {"updated_at": "yesterday"},
     ["updated_at_malformed"]),
    ("a malformed updated_at of a show", "shows", {"updated_at": "2026-01-05 10.00.00"},
     ["updated_at_malformed"]),
    # --- malformed texts
    ("an email with two @", "users", {"email": "a@b@c.org"}, ["email_malformed"]),
    ("an email without @", "users", {"email": "ann.x.org"}, ["email_malformed"]),
    ("an email without a dot in its host", "users", {"email": "ann.lee@localhost"},
     ["email_malformed"]),
    ("an email without a local part", "users", {"email": "@x.org"}, ["email_malformed"]),
    ("an email with a blank local part", "users", {"email": " \t@x.org"}, ["email_malformed"]),
    ("an email without a host", "users", {"email": "ann@"}, ["email_malformed"]),
    ("an email with a blank host", "users", {"email": "ann@ \v"}, ["email_malformed"]),
    ("an @ alone", "users", {"email": "@"}, ["email_malformed"]),
    ("an email with a full-width @", "users", {"email": "ann＠x.org"}, ["email_malformed"]),
    ("a country of three letters", "users", {"country": "USA"}, ["country_malformed"]),
    ("a country of one letter", "users", {"country": "U"}, ["country_malformed"]),
    ("a country with a digit", "users", {"country": "U1"}, ["country_malformed"]),
    ("a country with a space inside", "users", {"country": "U S"}, ["country_malformed"]),
    ("a country with an umlaut", "users", {"country": "ÖS"}, ["country_malformed"]),
    ("a country of full-width letters", "users", {"country": "ＵＳ"}, ["country_malformed"]),
    ("a country of Cyrillic letters", "users", {"country": "УС"}, ["country_malformed"]),
    ("a country that capitals would mend", "users", {"country": "ß"}, ["country_malformed"]),
    ("a country with the Kelvin sign", "users", {"country": "\u212aR"}, ["country_malformed"]),
    ("a country with a long s", "users", {"country": "u\u017f"}, ["country_malformed"]),
    ("a no-break space beside a country", "users", {"country": "US" + NBSP},
     ["country_malformed"]),
    ("a line separator after a country", "users", {"country": "US\u2028"}, ["country_malformed"]),
    ("a NUL after a country", "users", {"country": "US\x00"}, ["country_malformed"]),
    # --- out of range
    ("user_id 0", "users", {"user_id": "0"}, ["user_id_out_of_range"]),
    ("a negative show_id", "shows", {"show_id": "-5"}, ["show_id_out_of_range"]),
    ("the least BIGINT as a key", "watches", {"watch_id": "-9223372036854775808"},
     ["watch_id_out_of_range"]),
    ("rating_id -0", "ratings", {"rating_id": "-0"}, ["rating_id_out_of_range"]),
    ("user_id 0 of a watch, not unknown too", "watches", {"user_id": "0"},
     ["user_id_out_of_range"]),
    ("show_id -1 of a watch, not unknown too", "watches", {"show_id": "-1"},
     ["show_id_out_of_range"]),
    ("user_id 0 of a rating", "ratings", {"user_id": "0"}, ["user_id_out_of_range"]),
    ("show_id 0 of a rating", "ratings", {"show_id": "0"}, ["show_id_out_of_range"]),
    ("watch_id 0 of a rating", "ratings", {"watch_id": "0"}, ["watch_id_out_of_range"]),
    ("completion_pct below 0", "watches", {"completion_pct": "-0.01"},
     ["completion_pct_out_of_range"]),
    ("completion_pct above 1", "watches", {"completion_pct": "1.0000001"},
     ["completion_pct_out_of_range"]),
    ("completion_pct in per cent", "watches", {"completion_pct": "85"},
     ["completion_pct_out_of_range"]),
    ("the greatest DOUBLE", "watches", {"completion_pct": "1.7976931348623157e308"},
     ["completion_pct_out_of_range"]),
    ("rating_avg below 0", "shows", {"rating_avg": "-0.1"}, ["rating_avg_out_of_range"]),
    ("rating_avg above 5", "shows", {"rating_avg": "5.01"}, ["rating_avg_out_of_range"]),
    ("rating 0", "ratings", {"rating": "0"}, ["rating_out_of_range"]),
    ("rating 6", "ratings", {"rating": "6"}, ["rating_out_of_range"]),
    ("rating -5", "ratings", {"rating": "-5"}, ["rating_out_of_range"]),
    ("release_year 1887", "shows", {"release_year": "1887"}, ["release_year_out_of_range"]),
    ("release_year 2101", "shows", {"release_year": "2101"}, ["release_year_out_of_range"]),
    ("release_year of two digits", "shows", {"release_year": "99"}, ["release_year_out_of_range"]),
    ("seasons 0", "shows", {"seasons": "0"}, ["seasons_out_of_range"]),
    ("negative seasons", "shows", {"seasons": "-2147483648"}, ["seasons_out_of_range"]),
    ("negative minutes_watched", "watches", {"minutes_watched": "-1"},
     ["minutes_watched_out_of_range"]),
    # --- unknown
    ("another status", "watches", {"status": "paused"}, ["status_unknown"]),
    ("a status with a space", "watches", {"status": "in progress"}, ["status_unknown"]),
    ("a status with a no-break space beside it", "watches", {"status": NBSP + "completed"},
     ["status_unknown"]),
    ("a status with a zero-width space", "watches", {"status": "comp\u200bleted"},
     ["status_unknown"]),
    ("a status with a dotted capital I", "watches", {"status": "\u0130n_progress"},
     ["status_unknown"]),
    ("two statuses", "watches", {"status": "completed,abandoned"}, ["status_unknown"]),
    ("a number for a status", "watches", {"status": "1"}, ["status_unknown"]),
    ("another subscription_plan", "users", {"subscription_plan": "gold"},
     ["subscription_plan_unknown"]),
    ("a subscription_plan with a long s", "users", {"subscription_plan": "ba\u017fic"},
     ["subscription_plan_unknown"]),
    ("a subscription_plan with a full stop", "users", {"subscription_plan": "free."},
     ["subscription_plan_unknown"]),
    ("an unknown user of a watch", "watches", {"user_id": "999999"}, ["user_id_unknown"]),
    ("an unknown show of a watch", "watches", {"show_id": "999999"}, ["show_id_unknown"]),
    ("an unknown user of a rating", "ratings", {"user_id": "9223372036854775806"},
     ["user_id_unknown"]),
    ("an unknown show of a rating", "ratings", {"show_id": "999999"}, ["show_id_unknown"]),
    ("an unknown watch of a rating", "ratings", {"watch_id": "999999"}, ["watch_id_unknown"]),
    ("a user who was only ever rejected", "watches", {"user_id": "2"}, ["user_id_unknown"]),
    ("a show that was only ever rejected", "ratings", {"show_id": "2"}, ["show_id_unknown"]),
    ("a watch that was only ever rejected", "ratings", {"watch_id": "2"}, ["watch_id_unknown"]),
    # --- several reasons
    ("a malformed foreign key is not unknown too", "watches", {"user_id": "1.0"},
     ["user_id_malformed"]),
    ("a malformed watch_id of a rating", "ratings", {"watch_id": "w1"}, ["watch_id_malformed"]),
    ("two foreign keys unknown", "watches", {"user_id": "999999", "show_id": "999999"},
     ["show_id_unknown", "user_id_unknown"]),
    ("three foreign keys, three reasons", "ratings",
     {"user_id": "0", "show_id": "one", "watch_id": "999999"},
     ["show_id_malformed", "user_id_out_of_range", "watch_id_unknown"]),
    ("a key and a foreign key without a value", "ratings", {"rating_id": " ", "user_id": ""},
     ["rating_id_missing", "user_id_missing"]),
    ("everything wrong with a user", "users",
     {"user_id": "one", "name": " ", "country": "Austria", "email": "nobody",
      "subscription_plan": "vip", "signed_up_on": "2026-02-30", "updated_at": "soon"},
     ["country_malformed", "email_malformed", "name_missing", "signed_up_on_malformed",
      "subscription_plan_unknown", "updated_at_malformed", "user_id_malformed"]),
    ("everything wrong with a show", "shows",
     {"show_id": "0", "title": "\t", "release_year": "MMXX", "seasons": "0",
      "rating_avg": "5.5", "updated_at": None},
     ["rating_avg_out_of_range", "release_year_malformed", "seasons_out_of_range",
      "show_id_out_of_range", "title_missing", "updated_at_missing"]),
    ("everything wrong with a watch", "watches",
     {"watch_id": "1e3", "user_id": "999999", "show_id": "-1", "watched_at": "2026-01-05",
      "minutes_watched": "-40", "completion_pct": "NaN", "status": "done"},
     ["completion_pct_malformed", "minutes_watched_out_of_range", "show_id_out_of_range",
      "status_unknown", "user_id_unknown", "watch_id_malformed", "watched_at_malformed"]),
    ("everything wrong with a rating", "ratings",
     {"rating_id": "", "user_id": "u", "show_id": "", "watch_id": "-3", "rating": "five",
      "rated_at": "2026-01-05T25:00:00Z"},
     ["rated_at_malformed", "rating_id_missing", "rating_malformed", "show_id_missing",
      "user_id_malformed", "watch_id_out_of_range"]),
    # --- odd, but good
    ("a plus sign", "ratings", {"rating": "+5"}, {"rating": 5}),
    ("zeros before an INT", "ratings", {"rating": "0005"}, {"rating": 5}),
    ("more zeros than a BIGINT has digits", "ratings", {"rating": "0" * 40 + "5"}, {"rating": 5}),
    ("a padded key", "users", {"user_id": " \t+0070001\r\n"}, {"user_id": 70001}),
    ("the greatest BIGINT", "shows", {"show_id": "9223372036854775807"},
     {"show_id": 9223372036854775807}),
    ("the greatest INT", "watches", {"minutes_watched": "2147483647"},
     {"minutes_watched": 2147483647}),
    ("minus zero minutes", "watches", {"minutes_watched": "-0"}, {"minutes_watched": 0}),
    ("an INT padded with every white space", "watches",
     {"minutes_watched": " \t\n\v\f\r7 \t\n\v\f\r"}, {"minutes_watched": 7}),
    ("a point after a DOUBLE", "shows", {"rating_avg": "5."}, {"rating_avg": 5.0}),
    ("a point before a DOUBLE", "watches", {"completion_pct": ".5"}, {"completion_pct": 0.5}),
    ("an exponent in a DOUBLE", "shows", {"rating_avg": "+45E-1"}, {"rating_avg": 4.5}),
    ("a DOUBLE of 400 digits", "shows", {"rating_avg": "4." + "5" * 400},
     {"rating_avg": 4.555555555555555}),
    ("a DOUBLE too small for a double", "watches", {"completion_pct": "1e-999"},
     {"completion_pct": 0.0}),
    ("minus zero for a DOUBLE", "watches", {"completion_pct": "-0.0"}, {"completion_pct": 0.0}),
    ("a DOUBLE that rounds to 1", "watches", {"completion_pct": "1.00000000000000000001"},
     {"completion_pct": 1.0}),
    ("half a millionth in a DOUBLE", "watches", {"completion_pct": "0.5000005"},
     {"completion_pct": 0.5000005}),
    ("a small DOUBLE with a half millionth", "shows", {"rating_avg": "0.0039415"},
     {"rating_avg": 0.0039415}),
    ("29 February 2024", "users", {"signed_up_on": " 2024-02-29 "},
     {"signed_up_on": date(2024, 2, 29)}),
    ("the first day", "users", {"signed_up_on": "0001-01-01"}, {"signed_up_on": date(1, 1, 1)}),
    ("the last day", "users", {"signed_up_on": "9999-12-31"}, {"signed_up_on": date(9999, 12, 31)}),
    ("a day far ahead of its delivery", "users", {"signed_up_on": "2099-01-01"},
     {"signed_up_on": date(2099, 1, 1)}),
    ("the first moment", "ratings", {"rated_at": "0001-01-01 00:00:00"},
     {"rated_at": datetime(1, 1, 1)}),
    ("the last moment", "ratings", {"rated_at": "9999-12-31T23:59:59.999999Z"},
     {"rated_at": datetime(9999, 12, 31, 23, 59, 59, 999999)}),
    ("the first moment by an offset", "ratings", {"rated_at": "0001-01-01 14:00:00+14:00"},
     {"rated_at": datetime(1, 1, 1)}),
    ("the last moment by an offset", "ratings", {"rated_at": "9999-12-31 09:59:59-1400"},
     {"rated_at": datetime(9999, 12, 31, 23, 59, 59)}),
    ("a T and a Z", "watches", {"watched_at": "2026-01-04T23:30:00Z"},
     {"watched_at": datetime(2026, 1, 4, 23, 30), "watch_date": date(2026, 1, 4)}),
    ("an offset into the next day", "watches", {"watched_at": "2026-01-04 23:30:00-01:00"},
     {"watched_at": datetime(2026, 1, 5, 0, 30), "watch_date": date(2026, 1, 5)}),
    ("an offset of minutes behind", "watches", {"watched_at": "2026-01-04 23:30:00-01:45"},
     {"watched_at": datetime(2026, 1, 5, 1, 15)}),
    ("an offset without a colon", "watches", {"watched_at": "2026-01-04 23:30:00+0530"},
     {"watched_at": datetime(2026, 1, 4, 18)}),
    ("an offset of nothing", "watches", {"watched_at": "2026-01-04 23:30:00-00:00"},
     {"watched_at": datetime(2026, 1, 4, 23, 30)}),
    ("digits past microseconds", "watches", {"watched_at": "2026-01-04 23:30:00.1234567899Z"},
     {"watched_at": datetime(2026, 1, 4, 23, 30, 0, 123456)}),
    ("a fraction that rounding would carry over", "watches",
     {"watched_at": "2026-01-04 23:59:59.9999999"},
     {"watched_at": datetime(2026, 1, 4, 23, 59, 59, 999999), "watch_date": date(2026, 1, 4)}),
    ("a fraction of one digit before an offset", "watches",
     {"watched_at": "2026-01-04 23:30:00.5+00:30"},
     {"watched_at": datetime(2026, 1, 4, 23, 0, 0, 500000)}),
    ("a padded timestamp", "watches", {"watched_at": "\t2026-01-04 23:30:00 \n"},
     {"watched_at": datetime(2026, 1, 4, 23, 30)}),
    ("a blank nullable INT", "watches", {"minutes_watched": " \t "}, {"minutes_watched": None}),
    ("a blank nullable DOUBLE", "shows", {"rating_avg": ""}, {"rating_avg": None}),
    ("a blank nullable date", "users", {"signed_up_on": "\n"}, {"signed_up_on": None}),
    ("a blank nullable foreign key", "ratings", {"watch_id": "  "}, {"watch_id": None}),
    ("a blank country and plan", "users", {"country": " ", "subscription_plan": "\t"},
     {"country": None, "subscription_plan": None}),
    ("status in another case", "watches", {"status": "\fIN_Progress "}, {"status": "in_progress"}),
    ("subscription_plan in another case", "users", {"subscription_plan": " PREMIUM"},
     {"subscription_plan": "premium"}),
    ("country in another case", "users", {"country": " us\r"}, {"country": "US"}),
    ("a country that does not exist", "users", {"country": "zz"}, {"country": "ZZ"}),
    ("an email in capitals", "users", {"email": "\tANN@X.ORG "}, {"email": "ann@x.org"}),
    ("an email with a space inside", "users", {"email": "ann lee@x y.org"},
     {"email": "ann lee@x y.org"}),
    ("an email with a line break inside", "users", {"email": "ann\n@x\n.org"},
     {"email": "ann\n@x\n.org"}),
    ("an email with a dot for a host", "users", {"email": "a@."}, {"email": "a@."}),
    ("a no-break space for a local part", "users", {"email": NBSP + "@x.org"},
     {"email": NBSP + "@x.org"}),
    ("a name of a no-break space", "users", {"name": NBSP}, {"name": NBSP}),
    ("the word NULL for a name", "users", {"name": "NULL"}, {"name": "Null"}),
    ("the word nan for a title", "shows", {"title": "nan"}, {"title": "nan"}),
    ("quotes and line breaks in a title", "shows", {"title": '"A" said,\r\n"B" \\"C\\" ""'},
     {"title": '"A" said,\r\n"B" \\"C\\" ""'}),
    ("an apostrophe and a semicolon in a title", "shows", {"title": "It's; --' OR 1=1"},
     {"title": "It's; --' OR 1=1"}),
    ("a hash sign before a title", "shows", {"title": "# Alive"}, {"title": "# Alive"}),
    ("control characters in a title", "shows", {"title": "a\x01\x02\x1b[31m\x7fb"},
     {"title": "a\x01\x02\x1b[31m\x7fb"}),
    ("a NUL in a title", "shows", {"title": "a\x00b"}, {"title": "a\x00b"}),
    ("a byte order mark in a title", "shows", {"title": "\ufeffa"}, {"title": "\ufeffa"}),
    ("another alphabet and an emoji", "shows", {"title": "Дом 家 \U0001f3e0 e\u0301"},
     {"title": "Дом 家 \U0001f3e0 e\u0301"}),
    ("text from right to left", "shows", {"title": "\u202eתיב\u202c"},
     {"title": "\u202eתיב\u202c"}),
    ("a megabyte of name", "users", {"name": "n" * MEGABYTE},
     {"name": "N" + "n" * (MEGABYTE - 1)}),
    ("five megabytes of review", "ratings", {"review": "é\n" * (5 * MEGABYTE // 3)},
     {"review": "é\n" * (5 * MEGABYTE // 3)}),
    ("a blank review stays as it is", "ratings", {"review": " \t"}, {"review": " \t"}),
    ("an empty review stays as it is", "ratings", {"review": ""}, {"review": ""}),
    ("a lone carriage return in a review", "ratings", {"review": "a\rb"}, {"review": "a\rb"}),
    ("a line separator in a review", "ratings", {"review": "a\u2028b\u0085c"},
     {"review": "a\u2028b\u0085c"}),
]  # fmt: skip

# Values that only JSON can hold; then what `_rescued_data` says, value by value.
JSON_ROWS: list[tuple[str, str, Row, Expected, dict[str, str]]] = [
    ("numbers as numbers", "watches",
     {"user_id": 1, "minutes_watched": 40, "completion_pct": 0.25},
     {"user_id": 1, "minutes_watched": 40, "completion_pct": 0.25}, {}),
    ("a whole number for a DOUBLE", "watches", {"completion_pct": 1}, {"completion_pct": 1.0}, {}),
    ("the greatest BIGINT as a number", "users", {"user_id": 9223372036854775807},
     {"user_id": 9223372036854775807}, {}),
    ("a number for a text", "ratings", {"review": 12}, {"review": "12"}, {}),
    ("a number with a zero at its end for a text", "ratings", {"review": Literal("1.50")},
     {"review": "1.50"}, {}),
    ("a number with an exponent for a text", "ratings", {"review": Literal("1E2")},
     {"review": "1E2"}, {}),
    ("a number of 24 digits for a text", "ratings",
     {"review": Literal("12345678901234567890123.5")},
     {"review": "12345678901234567890123.5"}, {}),
    ("minus zero for a text", "ratings", {"review": Literal("-0")}, {"review": "-0"}, {}),
    ("a number in quotes for a text", "ratings", {"review": "1.50"}, {"review": "1.50"}, {}),
    ("a number with a zero at its end for an INT", "ratings", {"rating": Literal("3.70")},
     ["rating_malformed"], {"rating": "3.70"}),
    ("a number with an exponent for an INT", "ratings", {"rating": Literal("4E0")},
     ["rating_malformed"], {"rating": "4E0"}),
    ("a number with a zero at its end for a time", "watches", {"watched_at": Literal("1.70")},
     ["watched_at_malformed"], {"watched_at": "1.70"}),
    ("a fraction as a number for an INT", "ratings", {"rating": 3.7}, ["rating_malformed"],
     {"rating": "3.7"}),
    ("a whole number with a point as a number for an INT", "ratings", {"rating": Literal("4.0")},
     ["rating_malformed"], {"rating": "4.0"}),
    ("a number beyond BIGINT", "users", {"user_id": 9223372036854775808}, ["user_id_malformed"],
     {"user_id": "9223372036854775808"}),
    ("a number of 40 digits", "users", {"user_id": 10**39 + 7}, ["user_id_malformed"],
     {"user_id": "1000000000000000000000000000000000000007"}),
    ("a number beyond INT", "shows", {"seasons": 2147483648}, ["seasons_malformed"],
     {"seasons": "2147483648"}),
    ("the number 1e999", "shows", {"rating_avg": Literal("1e999")}, ["rating_avg_malformed"],
     {"rating_avg": "1e999"}),
    ("the literal NaN", "shows", {"rating_avg": Literal("NaN")}, ["rating_avg_malformed"],
     {"rating_avg": "NaN"}),
    ("the literal -Infinity", "watches", {"completion_pct": Literal("-Infinity")},
     ["completion_pct_malformed"], {"completion_pct": "-Infinity"}),
    ("a number out of range", "ratings", {"rating": 6}, ["rating_out_of_range"], {}),
    ("true for an INT", "ratings", {"rating": True}, ["rating_malformed"], {"rating": "true"}),
    ("false for a text", "watches", {"status": False}, ["status_unknown"], {}),
    ("an array for an INT", "ratings", {"rating": [5]}, ["rating_malformed"], {"rating": "[5]"}),
    ("an object for a timestamp", "ratings", {"rated_at": {"$date": "2026-01-05"}},
     ["rated_at_malformed"], {"rated_at": '{"$date":"2026-01-05"}'}),
    ("an object for a text", "users", {"email": {"a": 1}}, ["email_malformed"], {}),
    ("seconds since 1970 as a number", "watches", {"watched_at": 1767607200},
     ["watched_at_malformed"], {"watched_at": "1767607200"}),
    ("an escaped digit", "ratings", {"rating": Literal('"\\u0035"')}, {"rating": 5}, {}),
]  # fmt: skip

# Typed values, for parquet; then what `_rescued_data` says. A date may be given in days and a
# timestamp in microseconds since 1970: Python knows the years 1 to 9999 only.
PARQUET_ROWS: list[tuple[str, str, Row, Expected, dict[str, str]]] = [
    ("a NaN", "watches", {"completion_pct": float("nan")}, ["completion_pct_malformed"],
     {"completion_pct": "NaN"}),
    ("a NaN where NULL may be", "shows", {"rating_avg": float("nan")}, ["rating_avg_malformed"],
     {"rating_avg": "NaN"}),
    ("an infinity", "shows", {"rating_avg": float("inf")}, ["rating_avg_malformed"],
     {"rating_avg": "Infinity"}),
    ("minus infinity", "watches", {"completion_pct": float("-inf")}, ["completion_pct_malformed"],
     {"completion_pct": "-Infinity"}),
    ("typed completion_pct out of range", "watches", {"completion_pct": 1.5},
     ["completion_pct_out_of_range"], {}),
    ("typed rating_avg out of range", "shows", {"rating_avg": -1e308},
     ["rating_avg_out_of_range"], {}),
    ("typed rating out of range", "ratings", {"rating": -2147483648}, ["rating_out_of_range"], {}),
    ("typed minutes_watched out of range", "watches", {"minutes_watched": -1},
     ["minutes_watched_out_of_range"], {}),
    ("typed release_year out of range", "shows", {"release_year": 1887},
     ["release_year_out_of_range"], {}),
    ("typed seasons out of range", "shows", {"seasons": 0}, ["seasons_out_of_range"], {}),
    ("typed key out of range", "ratings", {"rating_id": 0}, ["rating_id_out_of_range"], {}),
    ("typed foreign key out of range", "ratings", {"watch_id": -1}, ["watch_id_out_of_range"], {}),
    ("typed foreign keys unknown", "ratings", {"user_id": 999999, "watch_id": 999999},
     ["user_id_unknown", "watch_id_unknown"], {}),
    ("a date in year 10000", "users", {"signed_up_on": 2932897}, ["signed_up_on_malformed"],
     {"signed_up_on": "2932897"}),
    ("a date in year 0", "users", {"signed_up_on": -719163}, ["signed_up_on_malformed"],
     {"signed_up_on": "-719163"}),
    ("a timestamp in year 10000", "ratings", {"rated_at": 253402300800000000},
     ["rated_at_malformed"], {"rated_at": "253402300800000000"}),
    ("a timestamp in year 0", "ratings", {"rated_at": -62135596800000001},
     ["rated_at_malformed"], {"rated_at": "-62135596800000001"}),
    ("an infinite timestamp", "ratings", {"rated_at": 9223372036854775807},
     ["rated_at_malformed"], {"rated_at": "9223372036854775807"}),
    ("no time, as numpy writes it", "ratings", {"rated_at": -9223372036854775808},
     ["rated_at_malformed"], {"rated_at": "-9223372036854775808"}),
    ("the typed first moment", "ratings", {"rated_at": datetime(1, 1, 1)},
     {"rated_at": datetime(1, 1, 1)}, {}),
    ("the typed last moment", "ratings",
     {"rated_at": datetime(9999, 12, 31, 23, 59, 59, 999999)},
     {"rated_at": datetime(9999, 12, 31, 23, 59, 59, 999999)}, {}),
    ("the typed last day", "users", {"signed_up_on": date(9999, 12, 31)},
     {"signed_up_on": date(9999, 12, 31)}, {}),
    ("the typed first day", "users", {"signed_up_on": date(1, 1, 1)},
     {"signed_up_on": date(1, 1, 1)}, {}),
    ("a denormal DOUBLE", "watches", {"completion_pct": 5e-324}, {"completion_pct": 5e-324}, {}),
    ("a typed minus zero", "watches", {"completion_pct": -0.0}, {"completion_pct": 0.0}, {}),
    ("typed values missing", "watches",
     {"user_id": None, "watched_at": None, "completion_pct": None},
     ["completion_pct_missing", "user_id_missing", "watched_at_missing"], {}),
]  # fmt: skip


@dataclass(frozen=True)
class RowKind:
    """A row that differs from a good one, and what is owed to it."""

    name: str
    feed: str
    changes: Row
    expected: Expected
    rescued: Mapping[str, str]
    formats: tuple[str, ...]


def _row_kinds() -> Iterator[RowKind]:
    for name, feed, changes, expected in TEXT_ROWS:
        types = oracle.FEEDS[feed]
        typed = {c: text for c, text in changes.items() if types[c] != "STRING"}
        # As delivered, padding and all; a text column has nothing to rescue.
        rescued = {c: text for c, text in typed.items() if f"{c}_malformed" in expected}
        untyped = all(text is None for text in typed.values())
        formats = ("csv", "json", "parquet") if untyped else ("csv", "json")
        yield RowKind(name, feed, changes, expected, rescued, formats)
    for row in JSON_ROWS:
        yield RowKind(*row, formats=("json",))
    for row in PARQUET_ROWS:
        yield RowKind(*row, formats=("parquet",))


ROW_KINDS = list(_row_kinds())
FIRST_KEY = 1001  # of the kinds' rows; 1 and 2 are the parents


def good_row(feed: str, key: int, typed: bool = False) -> Row:
    """A row that breaks no rule, findable by its key and by the text `kind <key>`."""
    mark = f"kind {key}"
    row: Row = {
        "users": {
            "user_id": key, "name": mark, "email": "ann@x.org", "country": "AT",
            "subscription_plan": "free", "signed_up_on": date(2025, 12, 31),
            "updated_at": datetime(2026, 1, 1, 8),
        },
        "shows": {
            "show_id": key, "title": "The Show", "genre": mark, "release_year": 2020,
            "seasons": 3, "rating_avg": 4.5, "updated_at": datetime(2026, 1, 1, 8),
        },
        "watches": {
            "watch_id": key, "user_id": 1, "show_id": 1,
            "watched_at": datetime(2026, 1, 3, 23, 30), "minutes_watched": 40,
            "completion_pct": 0.5, "status": "completed", "device": mark,
        },
        "ratings": {
            "rating_id": key, "user_id": 1, "show_id": 1, "watch_id": 1, "rating": 4,
            "review": mark, "rated_at": datetime(2026, 1, 4, 10),
        },
    }[feed]  # fmt: skip
    return row if typed else {column: str(value) for column, value in row.items()}


def row_of(kind: RowKind, typed: bool = False) -> Row:
    """The kind's row."""
    key = FIRST_KEY + ROW_KINDS.index(kind)
    row = {**good_row(kind.feed, key, typed), **kind.changes}
    if kind.feed == "users" and {"user_id", "name"} <= set(kind.changes):
        row["email"] = f"kind {key}"  # the one text that is left to find it by
    return row


# ------------------------------------------------------------------ kinds of files that load


@dataclass(frozen=True)
class Load:
    """A file that loads: each of its rows as the oracle reads it, with its reasons."""

    name: str
    feed: str
    content: bytes
    rows: list[tuple[Row, list[str]]]
    file: str = ""  # its name, where that is what is odd


def user(key: int, **changes: Any) -> Row:
    return {**good_row("users", key), **changes}


def show(key: int, **changes: Any) -> Row:
    return {**good_row("shows", key), **changes}


def watch(key: int, **changes: Any) -> Row:
    return {**good_row("watches", key), **changes}


def rating(key: int, **changes: Any) -> Row:
    return {**good_row("ratings", key), **changes}


def without(row: Row, *columns: str) -> Row:
    return {column: value for column, value in row.items() if column not in columns}


def csv_of(*rows: Row) -> bytes:
    """The columns of the first row, in its order."""
    names = list(rows[0])
    _, lines = csv_text(names, [{name: name or None for name in names}, *rows]).split("\n", 1)
    return lines.encode()


def csv_line(row: Row) -> bytes:
    return csv_of(row).split(b"\n", 1)[1]


def json_of(*rows: Row) -> bytes:
    return json_text(rows).encode()


# Names that a reader may take for those of its own columns.
EXTRAS = {
    "filename": "f", "dt": "2025-01-01", "_source": "s", "_ingest_date": "2025-01-01",
    "_rescued_data": "{}", "_row_hash": "0", "_loaded_at": "", "a long name, with a comma": '"',
    "file_row_number": "7", "select": "x", "it's": "", 'a "b" `c` \\d {e} [f] @g': "x",
}  # fmt: skip
ODD_NAMES = [
    ("glob characters in its name", "part[1]*?{a,b}[!c]"),
    ("a space in its name", " part 1 "),
    ("quotes in its name", 'it\'s a "part"'),
    ("an escape in its name", "part%41\\n"),
    ("another alphabet in its name", "Дом-家"),
    ("an equals sign in its name", "run=7"),
    ("another day in its name", "dt=2025-01-01"),
    ("another day in its name, and more", "dt=2025-01-01 copy"),
]

USERS_HEADER = b"user_id,name,email,country,subscription_plan,signed_up_on,updated_at\n"
SHOWS_HEADER = b"show_id,title,genre,release_year,seasons,rating_avg,updated_at\n"
ALL_SHOW = ["show_id_missing", "title_missing", "updated_at_missing"]

CSV_LOADS = [
    Load("a header alone", "shows", SHOWS_HEADER, []),
    Load("a header alone without a line end", "shows", SHOWS_HEADER.strip(), []),
    Load("an empty file", "users", b"", []),
    Load("a line end alone", "users", b"\r\n", []),
    Load("a byte order mark alone", "users", b"\xef\xbb\xbf", []),
    Load("a byte order mark", "users", b"\xef\xbb\xbf" + csv_of(user(5001)), [(user(5001), [])]),
    Load("a byte order mark before a quoted header", "users",
         b"\xef\xbb\xbf" + csv_of(user(5002)).replace(b"user_id", b'"user_id"'),
         [(user(5002), [])]),
    Load("CRLF", "shows", csv_of(show(5001), show(5002)).replace(b"\n", b"\r\n"),
         [(show(5001), []), (show(5002), [])]),
    Load("LF in quotes between CRLF", "ratings",
         csv_of(rating(5001, review="|a\nb|"), rating(5002)).replace(b"\n", b"\r\n")
         .replace(b"a\r\nb", b"a\nb"),
         [(rating(5001, review="|a\nb|"), []), (rating(5002), [])]),
    Load("LF in the header between CRLF", "ratings",
         csv_of({**rating(5012), "X": "x"}).replace(b"\n", b"\r\n").replace(b"X", b'"a\nb"'),
         [(rating(5012), [])]),
    Load("CRLF in the header between LF", "ratings",
         csv_of({"X": "x", **rating(5013)}).replace(b"X", b'"a\r\nb"'), [(rating(5013), [])]),
    Load("empty lines between", "shows",
         csv_of(show(5020)) + b"\n\n" + csv_line(show(5021)),
         [(show(5020), []), (show(5021), [])]),
    Load("CRLF in quotes between LF", "ratings",
         csv_of(rating(5003, review="a\r\nb"), rating(5004)),
         [(rating(5003, review="a\r\nb"), []), (rating(5004), [])]),
    Load("no line end after the last line", "shows", csv_of(show(5006)).rstrip(),
         [(show(5006), [])]),
    Load("empty lines after the last line", "shows", csv_of(show(5003)) + b"\n\n",
         [(show(5003), [])]),
    Load("lone carriage returns for line ends", "shows",
         csv_of(show(5004), show(5005)).replace(b"\n", b"\r"),
         [(show(5004), []), (show(5005), [])]),
    Load("everything in quotes", "shows",
         b'"' + csv_of(show(5007)).strip().replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n',
         [(show(5007), [])]),
    Load("a line of empty fields", "shows", SHOWS_HEADER + b",,,,,,\n", [({}, ALL_SHOW)]),
    Load("an unquoted and a quoted empty field", "ratings",
         csv_of(rating(5005, review=None), rating(5006, review="")),
         [(rating(5005, review=None), []), (rating(5006, review=""), [])]),
    Load("a quote inside an unquoted field", "shows",
         csv_of(show(5008, title="X")).replace(b"X", b'5" of "rain'),
         [(show(5008, title='5" of "rain'), [])]),
    Load("a space before every field", "shows",
         SHOWS_HEADER + csv_line(show(5009)).replace(b",", b", "),
         [({c: v if c == "show_id" else f" {v}" for c, v in show(5009).items()}, [])]),
    Load("a nullable column missing", "users", csv_of(without(user(5007), "country")),
         [(user(5007, country=None), [])]),
    Load("every nullable column missing", "watches",
         csv_of(without(watch(5001), "minutes_watched", "device")),
         [(watch(5001, minutes_watched=None, device=None), [])]),
    Load("extra columns", "watches", csv_of({**EXTRAS, **watch(5003)}, watch(5004)),
         [(watch(5003), []), (watch(5004), [])]),
    Load("an extra column without a name", "users", csv_of({**user(5010), "": ""}),
         [(user(5010), [])]),
    Load("an extra column's name twice", "ratings",
         b"x,x," + csv_of(rating(5010)).replace(b"\n5010", b"\n1,2,5010"), [(rating(5010), [])]),
    Load("an extra column named in another case", "ratings",
         b"RATING," + csv_of(rating(5011)).replace(b"\n5011", b"\n1,5011"), [(rating(5011), [])]),
    Load("two extra columns without a name", "users",
         csv_of(user(5011)).replace(b"\n", b",,\n"), [(user(5011), [])]),
    Load("columns in another order", "shows",
         csv_of(dict(reversed(show(5010).items())), show(5011)),
         [(show(5010), []), (show(5011), [])]),
    Load("the values of two columns swapped", "shows",
         csv_of(show(5012, title="2020", release_year="The Show")),
         [(show(5012, title="2020", release_year="The Show"), ["release_year_malformed"])]),
    Load("the values of key and text swapped", "users",
         csv_of(user(5013, user_id="ann", name="5013")),
         [(user(5013, user_id="ann", name="5013"), ["user_id_malformed"])]),
    *(Load(name, "users", csv_of(user(5100 + n)), [(user(5100 + n), [])], file=file)
      for n, (name, file) in enumerate(ODD_NAMES)),
]  # fmt: skip

JSON_LOADS = [
    Load("an empty file", "users", b"", []),
    Load("line ends alone", "users", b"\n\r\n\n", []),
    Load("CRLF", "shows", json_of(show(5001), show(5002)).replace(b"\n", b"\r\n"),
         [(show(5001), []), (show(5002), [])]),
    Load("mixed line ends", "shows",
         json_of(show(5003)) + json_of(show(5004)).replace(b"\n", b"\r\n") + json_of(show(5005)),
         [(show(5003), []), (show(5004), []), (show(5005), [])]),
    Load("empty lines between", "shows",
         b"\n" + json_of(show(5006)) + b"\n\n" + json_of(show(5007)),
         [(show(5006), []), (show(5007), [])]),
    Load("no line end after the last line", "shows", json_of(show(5008)).rstrip(),
         [(show(5008), [])]),
    Load("spaces around tokens", "shows",
         b" \t" + json_of(show(5009)).replace(b": ", b"\t:  ").replace(b"\n", b" \r\n"),
         [(show(5009), [])]),
    Load("an empty object", "shows", b"{}\n", [({}, ALL_SHOW)]),
    Load("an object of nulls", "shows", json_of(dict.fromkeys(show(1))), [({}, ALL_SHOW)]),
    Load("null on a line", "shows", b"null\n", [({}, ALL_SHOW)]),
    Load("a nullable column missing", "users", json_of(without(user(5002), "country")),
         [(user(5002, country=None), [])]),
    Load("a nullable column missing in one of two lines", "watches",
         json_of(without(watch(5001), "device"), watch(5002)),
         [(watch(5001, device=None), []), (watch(5002), [])]),
    Load("a required column missing", "users", json_of(without(user(5003), "email")),
         [(user(5003, email=None), ["email_missing"])]),
    Load("the key's column missing", "watches", json_of(without(watch(5003), "watch_id")),
         [(watch(5003, watch_id=None), ["watch_id_missing"])]),
    Load("a column with a mistyped name", "ratings",
         json_of(rating(5001)).replace(b"rated_at", b"rated_on"),
         [(rating(5001, rated_at=None), ["rated_at_missing"])]),
    Load("extra columns", "watches",
         json_of({**EXTRAS, "nested": {"watch_id": [1, {"status": 2}]}, "": None, **watch(5004)}),
         [(watch(5004), [])]),
    Load("columns in another order", "shows", json_of(dict(reversed(show(5010).items()))),
         [(show(5010), [])]),
    Load("the values of two columns swapped", "shows",
         json_of(show(5011, title="2020", release_year="The Show")),
         [(show(5011, title="2020", release_year="The Show"), ["release_year_malformed"])]),
    Load("escapes in names and values", "shows",
         json_of(show(5012, title="X")).replace(b'"X"', b'"\\ud83c\\udfe0\\/\\u00e9"')
         .replace(b'"title"', b'"\\u0074itle"'),
         [(show(5012, title="\U0001f3e0/é"), [])]),
    Load("the objects of another feed", "shows", json_of(user(5013)),
         [({"updated_at": "2026-01-01 08:00:00"}, ["show_id_missing", "title_missing"])]),
    *(Load(name, "users", json_of(user(5100 + n)), [(user(5100 + n), [])], file=file)
      for n, (name, file) in enumerate(ODD_NAMES)),
]  # fmt: skip


def parquet_of(
    feed: str,
    *rows: Row,
    types: Mapping[str, pa.DataType] | None = None,
    columns: Iterable[str] = (),
    **options: Any,
) -> bytes:
    """Typed rows as a parquet file; `types` replaces the type of a column or adds a column."""
    kinds: dict[str, pa.DataType] = {c: ARROW_TYPES[t] for c, t in oracle.FEEDS[feed].items()}
    kinds |= types or {}
    names = list(columns) or list(kinds)
    arrays = [_array([row.get(name) for row in rows], kinds[name]) for name in names]
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table(arrays, names=names), sink, **options)
    return sink.getvalue().to_pybytes()


def _array(values: list[Any], type_: pa.DataType) -> pa.Array:
    """Values of one type; dates may be days and timestamps microseconds since 1970."""
    if pa.types.is_date32(type_):
        days = [(v - date(1970, 1, 1)).days if isinstance(v, date) else v for v in values]
        return pa.array(days, pa.int32()).cast(type_)
    if type_ == pa.timestamp("us"):
        epoch, micro = datetime(1970, 1, 1), timedelta(microseconds=1)
        micros = [(v - epoch) // micro if isinstance(v, datetime) else v for v in values]
        return pa.array(micros, pa.int64()).cast(type_)
    if pa.types.is_dictionary(type_):
        return pa.array(values, type_.value_type).dictionary_encode()
    return pa.array(values, type_)


def typed(feed: str, key: int, **changes: Any) -> Row:
    return {**good_row(feed, key, typed=True), **changes}


AT_TEN_IN_BERLIN = datetime(2026, 1, 4, 10, tzinfo=timezone(timedelta(hours=1)))

PARQUET_LOADS = [
    Load("no row", "users", parquet_of("users"), []),
    Load("a nullable column missing", "users",
         parquet_of("users", typed("users", 5001), columns=without(user(5001), "country")),
         [(typed("users", 5001, country=None), [])]),
    Load("extra columns", "watches",
         parquet_of("watches", {**typed("watches", 5001), **EXTRAS, "nested": {"a": [1]}},
                    types={**dict.fromkeys(EXTRAS, pa.string()),
                           "nested": pa.struct({"a": pa.list_(pa.int64())})}),
         [(typed("watches", 5001), [])]),
    Load("a column named in another case beside ours", "watches",
         parquet_of("watches", {**typed("watches", 5009), "Status": 7},
                    columns=["Status", *oracle.FEEDS["watches"]], types={"Status": pa.int64()}),
         [(typed("watches", 5009), [])]),
    Load("a column of the null type within another", "watches",
         parquet_of("watches", {**typed("watches", 5010), "meta": {"status": None}},
                    types={"meta": pa.struct({"status": pa.null()})}),
         [(typed("watches", 5010), [])]),
    Load("decimals of 38 digits of which none is a fraction", "watches",
         parquet_of("watches", typed("watches", 5011, completion_pct=Decimal(1)),
                    types={"completion_pct": pa.decimal128(38, 0)}),
         [(typed("watches", 5011, completion_pct=Decimal(1)), [])]),
    Load("decimals of 38 digits of which most are a fraction", "watches",
         parquet_of("watches", typed("watches", 5012, completion_pct=Decimal("0.3")),
                    types={"completion_pct": pa.decimal128(38, 30)}),
         [(typed("watches", 5012, completion_pct=Decimal("0.3")), [])]),
    Load("nanoseconds before 1970", "shows",
         parquet_of("shows", typed("shows", 5005, updated_at=-1500),
                    types={"updated_at": pa.timestamp("ns")}),
         [(typed("shows", 5005, updated_at=datetime(1969, 12, 31, 23, 59, 59, 999998)), [])]),
    Load("nanoseconds before 1970 adjusted to UTC", "shows",
         parquet_of("shows", typed("shows", 5006, updated_at=-1),
                    types={"updated_at": pa.timestamp("ns", "UTC")}),
         [(typed("shows", 5006, updated_at=datetime(1969, 12, 31, 23, 59, 59, 999999)), [])]),
    *(Load(f"no time as numpy writes it, in {unit} {zone}", "shows",
           parquet_of("shows", typed("shows", 5010 + n, updated_at=-(2**63)),
                      types={"updated_at": pa.timestamp(unit, zone)}),
           [(typed("shows", 5010 + n, updated_at="-9223372036854775808"),
             ["updated_at_malformed"])])
      for n, (unit, zone) in enumerate(itertools.product(("ms", "us", "ns"), (None, "UTC")))),
    Load("columns in another order", "shows",
         parquet_of("shows", typed("shows", 5001), columns=reversed(oracle.FEEDS["shows"])),
         [(typed("shows", 5001), [])]),
    Load("the values of two columns swapped", "users",
         parquet_of("users", typed("users", 5003, name="AT", country="Ann")),
         [(typed("users", 5003, name="AT", country="Ann"), ["country_malformed"])]),
    Load("narrower integers", "watches",
         parquet_of("watches", typed("watches", 5002), types={
             "watch_id": pa.int32(), "user_id": pa.int8(), "show_id": pa.int16(),
             "minutes_watched": pa.int8()}),
         [(typed("watches", 5002), [])]),
    Load("narrower unsigned integers", "ratings",
         parquet_of("ratings", typed("ratings", 4000000000), types={
             "rating_id": pa.uint32(), "user_id": pa.uint8(), "show_id": pa.uint16(),
             "rating": pa.uint16()}),
         [(typed("ratings", 4000000000), [])]),
    Load("decimals for a DOUBLE", "watches",
         parquet_of("watches", typed("watches", 5003, completion_pct=Decimal("0.123456789")),
                    typed("watches", 5004, completion_pct=Decimal("99999999.5")),
                    types={"completion_pct": pa.decimal128(38, 9)}),
         [(typed("watches", 5003, completion_pct=Decimal("0.123456789")), []),
          (typed("watches", 5004, completion_pct=Decimal("99999999.5")),
           ["completion_pct_out_of_range"])]),
    Load("small decimals for a DOUBLE", "shows",
         parquet_of("shows", typed("shows", 5002, rating_avg=Decimal("4.5")),
                    types={"rating_avg": pa.decimal128(2, 1)}),
         [(typed("shows", 5002, rating_avg=Decimal("4.5")), [])]),
    Load("a timestamp adjusted to UTC", "watches",
         parquet_of("watches", typed("watches", 5005, watched_at=AT_TEN_IN_BERLIN),
                    types={"watched_at": pa.timestamp("us", "UTC")}),
         [(typed("watches", 5005, watched_at=datetime(2026, 1, 4, 9)), [])]),
    Load("a timestamp of another time zone", "ratings",
         parquet_of("ratings", typed("ratings", 5001, rated_at=AT_TEN_IN_BERLIN),
                    types={"rated_at": pa.timestamp("ms", "Europe/Berlin")}),
         [(typed("ratings", 5001, rated_at=datetime(2026, 1, 4, 9)), [])]),
    Load("a timestamp in nanoseconds", "shows",
         parquet_of("shows", typed("shows", 5003, updated_at=1767607200123456789),
                    types={"updated_at": pa.timestamp("ns")}),
         [(typed("shows", 5003, updated_at=datetime(2026, 1, 5, 10, 0, 0, 123456)), [])]),
    Load("a timestamp in nanoseconds adjusted to UTC", "shows",
         parquet_of("shows", typed("shows", 5004, updated_at=1767607200123456789),
                    types={"updated_at": pa.timestamp("ns", "UTC")}),
         [(typed("shows", 5004, updated_at=datetime(2026, 1, 5, 10, 0, 0, 123456)), [])]),
    Load("a timestamp in milliseconds", "users",
         parquet_of("users", typed("users", 5004), types={"updated_at": pa.timestamp("ms")}),
         [(typed("users", 5004), [])]),
    Load("a timestamp of 96 bits", "users",
         parquet_of("users", typed("users", 5005), use_deprecated_int96_timestamps=True),
         [(typed("users", 5005), [])]),
    Load("a column of the null type", "users",
         parquet_of("users", typed("users", 5006, country=None, signed_up_on=None),
                    types={"country": pa.null(), "signed_up_on": pa.null()}),
         [(typed("users", 5006, country=None, signed_up_on=None), [])]),
    Load("a required column of the null type", "ratings",
         parquet_of("ratings", typed("ratings", 5002, rated_at=None, rating=None),
                    types={"rated_at": pa.null(), "rating": pa.null()}),
         [(typed("ratings", 5002, rated_at=None, rating=None),
           ["rated_at_missing", "rating_missing"])]),
    Load("texts as dictionaries and long strings", "users",
         parquet_of("users", typed("users", 5007), types={
             "name": pa.large_string(), "country": pa.dictionary(pa.int32(), pa.string())}),
         [(typed("users", 5007), [])]),
    Load("another compression and format version", "users",
         parquet_of("users", typed("users", 5008), typed("users", 5009), compression="zstd",
                    version="2.6", data_page_version="2.0", row_group_size=1),
         [(typed("users", 5008), []), (typed("users", 5009), [])]),
    *(Load(name, "users", parquet_of("users", typed("users", 5100 + n)),
           [(typed("users", 5100 + n), [])], file=file)
      for n, (name, file) in enumerate(ODD_NAMES)),
]  # fmt: skip

LOADS = {"csv": CSV_LOADS, "json": JSON_LOADS, "parquet": PARQUET_LOADS}

# What lies in a landing and is no delivery: a path below the landing, `{}` for the extension.
IGNORED = [
    ("another extension", "users/dt=2026-01-08/part-0.txt"),
    ("a file in the making", "users/dt=2026-01-08/part-0.{}.tmp"),
    ("another compressed file", "users/dt=2026-01-08/part-0.{}.zst"),
    ("a marker of success", "users/dt=2026-01-08/_SUCCESS"),
    ("a file beside the days", "users/part-0.{}"),
    ("a file below a day's folder", "users/dt=2026-01-08/more/part-0.{}"),
    ("a file in a folder named like one", "users/dt=2026-01-08/part-1.{}/part-0.{}"),
    ("a folder that names no day", "users/dt=latest/part-0.{}"),
    ("a folder of a day that is none", "users/dt=2026-02-30/part-0.{}"),
    ("a folder of another feed", "payments/dt=2026-01-08/part-0.{}"),
    ("a day after the run's", "users/dt=2026-01-09/part-0.{}"),
]


# ------------------------------------------------------------------ kinds of files that stop a run


@dataclass(frozen=True)
class Stop:
    """A file that stops the run: its content, or what makes it at a path."""

    name: str
    feed: str
    content: bytes | Callable[[Path], object]
    file: str = ""
    says: tuple[str, ...] = ()  # what the error says beside the file


LONG = csv_of(*(user(6000 + n) for n in range(5000)))  # more than any reader looks at in advance
LONG_JSON = json_of(*(user(6000 + n) for n in range(5000)))
LATIN_NAME = user(6001, name="Zoë")
MANY = b"".join(csv_line(user(6000 + n)) for n in range(5000))

CSV_STOPS = [
    Stop("latin-1", "users", csv_of(LATIN_NAME).decode().encode("latin-1"),
         says=("line 2", "UTF-8")),
    Stop("latin-1 after 5,000 good lines", "users",
         LONG + csv_line(LATIN_NAME).decode().encode("latin-1"), says=("line 5002", "UTF-8")),
    Stop("latin-1 in the header", "users", "user_id,größe\n1,2\n".encode("latin-1")),
    Stop("utf-16", "users", csv_of(LATIN_NAME).decode().encode("utf-16"),
         says=("UTF-16",)),
    Stop("utf-16 without a byte order mark", "users",
         csv_of(LATIN_NAME).decode().encode("utf-16-le"), says=("UTF-16",)),
    Stop("utf-8 cut within a character", "users",
         csv_of(LATIN_NAME).split("ë".encode())[0] + "ë".encode()[:1]),
    Stop("compressed without saying so", "users",
         bytes.fromhex("1f8b0800000000000003") + bytes(range(256)), says=("gzip",)),
    Stop("mixed line ends", "users",
         csv_of(user(6001), user(6002)) + csv_line(user(6003)).replace(b"\n", b"\r\n")
         + csv_line(user(6004))),
    Stop("CRLF after the header alone", "users", csv_of(user(6001)).replace(b"\n", b"\r\n", 1)),
    Stop("CRLF after all but the header", "users",
         USERS_HEADER + csv_line(user(6001)).replace(b"\n", b"\r\n")),
    Stop("CRLF after 5,000 lines of LF", "users",
         LONG + csv_line(user(6001)).replace(b"\n", b"\r\n")),
    Stop("LF after 5,000 lines of CRLF", "users",
         LONG.replace(b"\n", b"\r\n") + csv_line(user(6001))),
    Stop("an empty line before the header", "users", b"\n" + csv_of(user(6001))),
    Stop("an unterminated quote", "shows", csv_of(show(6001, title="X")).replace(b"X", b'"X')),
    Stop("an unterminated quote in the header", "shows", b'"show_id,title\n1,A\n'),
    Stop("an unterminated quote before 5,000 lines", "users",
         csv_of(user(6001, name="X")).replace(b"X", b'"X') + MANY),
    Stop("an unterminated quote at the end of 5,000 lines", "users",
         LONG + csv_line(user(6001, email="X")).replace(b"X", b'"X')),
    Stop("an unterminated last field at the end of 5,000 lines", "users",
         LONG.rstrip() + b'\n' + csv_line(user(6001, updated_at="X")).replace(b"X", b'"X')),
    Stop("an empty field too many in every line", "watches",
         csv_of(watch(6007)).split(b"\n")[0] + b"\n" + csv_line(watch(6007)).strip() + b",\n"),
    Stop("an empty field too many in the last of 5,000 lines", "users",
         LONG + csv_line(user(6001)).strip() + b",\n"),
    Stop("text after a closing quote", "shows",
         csv_of(show(6002, title="X")).replace(b"X", b'"The" Show')),
    Stop("cut within a line", "watches", csv_of(watch(6001), watch(6002))[:-45]),
    Stop("cut within the last line of 5,000", "users", LONG[:-45]),
    Stop("too few fields in a line", "watches",
         csv_of(watch(6003), watch(6004)).replace(b",kind 6003", b"")),
    Stop("too many fields in a line", "watches",
         csv_of(watch(6005), watch(6006)).replace(b",kind 6005", b",kind 6005,x")),
    Stop("a field too few in a line, and one too many in the next", "watches",
         csv_of(watch(6008), watch(6009)).replace(b",kind 6008", b"")
         .replace(b",kind 6009", b",kind 6009,x")),
    Stop("a text with an unquoted comma", "ratings",
         csv_of(rating(6001, review="X")).replace(b"X", b"good, very")),
    Stop("a column's name twice", "ratings",
         csv_of(rating(6002)).replace(b"watch_id", b"user_id"), says=("user_id",)),
    Stop("a link to nothing", "ratings", lambda path: path.symlink_to("nowhere")),
    Stop("a bad file with glob characters in its name", "ratings",
         csv_of(rating(6004))[:-40], file="bad [6]*"),
    Stop("a bad file with a quote in its name", "ratings", csv_of(rating(6004))[:-40],
         file="bad it's"),
    Stop("a required column missing", "users", csv_of(without(user(6001), "email")),
         says=("'email'",)),
    Stop("the key's column missing", "watches", csv_of(without(watch(6001), "watch_id")),
         says=("'watch_id'",)),
    Stop("a column with a mistyped name", "ratings",
         csv_of(rating(6001)).replace(b"rated_at", b"rated_on"), says=("'rated_at'", "'rated_on'")),
    Stop("a column in another case", "watches",
         csv_of(watch(6008)).replace(b"minutes_watched", b"Minutes_Watched"),
         says=("'minutes_watched'", "'Minutes_Watched'")),
    Stop("a column after a blank", "ratings", csv_of(rating(6006)).replace(b",review", b", review"),
         says=("'review'", "' review'")),
    Stop("a column in quotes of its own", "shows", csv_of(show(6003)).replace(b"genre", b"'genre'"),
         says=("'genre'", "\"'genre'\"")),
    Stop("semicolons for commas", "shows", csv_of(show(6004)).replace(b",", b";"),
         says=("semicolons",)),
    Stop("tabs for commas", "shows", csv_of(show(6005)).replace(b",", b"\t"), says=("tabs",)),
    Stop("a line that names the separator", "shows", b"sep=,\n" + csv_of(show(6006)),
         says=("sep=", "line 1")),
    Stop("NUL bytes alone", "users", bytes(512), says=("zero bytes",)),
    Stop("a page of an error", "users", b"<html><body>Not found</body></html>", says=("HTML",)),
    Stop("the header of another feed", "shows", csv_of(user(6007)), says=("'show_id'",)),
    Stop("no header", "shows", csv_line(show(6008)) + csv_line(show(6009)), says=("header",)),
    Stop("no header and one row", "shows", csv_line(show(6010)), says=("header",)),
    Stop("a blank before a quote", "shows",
         csv_of(show(6011), show(6012, title="X")).replace(b"X", b' "X"'), says=("line 3",)),
    Stop("a blank after a quote", "shows",
         csv_of(show(6013, title="X")).replace(b"X", b'"X" '), says=("line 2",)),
    Stop("line breaks in the header between carriage returns", "shows",
         csv_of({**show(6014), "X": ""}).replace(b"\n", b"\r").replace(b"X", b'"a\nb"')),
    Stop("a spreadsheet", "shows", b"PK\x03\x04" + bytes(100), says=("spreadsheet",)),
]  # fmt: skip

JSON_STOPS = [
    Stop("cut within an object", "users", json_of(user(6001), user(6002))[:-30]),
    Stop("cut within the last object of 5,000", "users", LONG_JSON[:-30]),
    Stop("a byte order mark", "users", b"\xef\xbb\xbf" + json_of(user(6001))),
    Stop("an array on one line", "users", json.dumps([user(6001), user(6002)]).encode()),
    Stop("an array over lines", "users", json.dumps([user(6001), user(6002)], indent=0).encode()),
    Stop("an array of objects, each on its line", "users",
         b"[\n" + json_of(user(6001)).strip() + b",\n" + json_of(user(6002)) + b"]\n"),
    Stop("an object over lines", "users", json.dumps(user(6001), indent=2).encode()),
    Stop("a number on a line", "users", json_of(user(6001)) + b"5\n"),
    Stop("a text on a line", "users", json_of(user(6001)) + b'"user_id"\n'),
    Stop("an array on a line", "users", json_of(user(6001)) + b'[1, "ann"]\n'),
    Stop("a word on a line", "users", json_of(user(6001)) + b"user_id\n"),
    Stop("a name twice in an object", "users",
         json_of(user(6001)).replace(b'"email"', b'"name"'), says=("name",)),
    Stop("a name in another case", "users",
         json_of(user(6001), user(6002)).replace(b'"email"', b'"Email"', 1),
         says=("'email'", "'Email'")),
    Stop("a name after a blank", "users", json_of(user(6001)).replace(b'"email"', b'" email"'),
         says=("'email'", "' email'")),
    Stop("a comment", "users", b"// users\n" + json_of(user(6001))),
    Stop("NUL bytes", "users", json_of(user(6001)) + bytes(512)),
    Stop("two objects on a line", "shows", json_of(show(6001), show(6002)).replace(b"\n", b"")),
    Stop("a line break within a text", "shows",
         json_of(show(6001, title="X")).replace(b"X", b"The\nShow")),
    Stop("single quotes", "shows", json_of(show(6001)).replace(b'"', b"'")),
    Stop("a bare name", "shows", json_of(show(6001)).replace(b'"title"', b"title")),
    Stop("latin-1", "shows", json_of(show(6001, title="Zoë")).decode().encode("latin-1")),
    Stop("latin-1 after 5,000 good lines", "users",
         LONG_JSON + json_of(LATIN_NAME).decode().encode("latin-1")),
    Stop("utf-16", "shows", json_of(show(6001)).decode().encode("utf-16")),
    Stop("half a surrogate pair", "shows",
         json_of(show(6001, title="X")).replace(b"X", b"\\ud83c")),
    Stop("csv", "shows", csv_of(show(6001))),
    Stop("compressed without saying so", "shows",
         bytes.fromhex("1f8b0800000000000003") + bytes(range(256))),
    Stop("a link to nothing", "shows", lambda path: path.symlink_to("nowhere")),
    Stop("a bad file with glob characters in its name", "shows", json_of(show(6004))[:-40],
         file="bad [6]*"),
    Stop("a bad file with a quote in its name", "shows", json_of(show(6004))[:-40],
         file="bad it's"),
]  # fmt: skip


def wrong_type(name: str, feed: str, column: str, type_: pa.DataType, value: Any) -> Stop:
    row = typed(feed, 6001, **{column: value})
    return Stop(name, feed, parquet_of(feed, row, types={column: type_}), says=(column,))


def damaged(content: bytes, at: int, damage: bytes) -> bytes:
    return content[:at] + damage + content[at + len(damage) :]


def not_utf8() -> bytes:
    """A parquet file with a text that is no UTF-8."""
    content = parquet_of("shows", typed("shows", 6001, title="XXXXXXXX"), compression="none",
                         use_dictionary=False, write_statistics=False)  # fmt: skip
    return content.replace(b"XXXXXXXX", b"\xff\xfeXX\xc3\x28XX")


WHOLE_PARQUET = parquet_of("ratings", *(typed("ratings", 6000 + n) for n in range(5000)))
FOOTER = len(WHOLE_PARQUET) - 8 - int.from_bytes(WHOLE_PARQUET[-8:-4], "little")

PARQUET_STOPS = [
    wrong_type("a text for a BIGINT", "watches", "watch_id", pa.string(), "6001"),
    wrong_type("a text for a foreign key", "watches", "user_id", pa.string(), "1"),
    wrong_type("a BIGINT for an INT", "watches", "minutes_watched", pa.int64(), 40),
    wrong_type("an unsigned integer for an INT", "watches", "minutes_watched", pa.uint32(), 40),
    wrong_type("an unsigned long for a BIGINT", "watches", "watch_id", pa.uint64(), 6001),
    wrong_type("a decimal for a BIGINT", "watches", "watch_id",
               pa.decimal128(18, 0), Decimal(6001)),
    wrong_type("a DOUBLE for an INT", "watches", "minutes_watched", pa.float64(), 40.0),
    wrong_type("a boolean for an INT", "watches", "minutes_watched", pa.bool_(), True),
    wrong_type("a FLOAT for a DOUBLE", "watches", "completion_pct", pa.float32(), 0.5),
    wrong_type("an integer for a DOUBLE", "watches", "completion_pct", pa.int64(), 1),
    wrong_type("a text for a DOUBLE", "watches", "completion_pct", pa.string(), "0.5"),
    wrong_type("a text for a TIMESTAMP", "watches", "watched_at",
               pa.string(), "2026-01-01 08:00:00"),
    wrong_type("a date for a TIMESTAMP", "watches", "watched_at", pa.date32(), date(2026, 1, 1)),
    wrong_type("an integer for a TIMESTAMP", "watches", "watched_at", pa.int64(), 0),
    wrong_type("an integer for a text", "watches", "status", pa.int32(), 1),
    wrong_type("bytes for a text", "watches", "status", pa.binary(), b"completed"),
    wrong_type("a list for a text", "watches", "device", pa.list_(pa.string()), ["tv"]),
    wrong_type("a structure for a text", "watches", "device",
               pa.struct({"a": pa.string()}), {"a": "tv"}),
    wrong_type("a TIMESTAMP for a date", "users", "signed_up_on", pa.timestamp("us"), 0),
    wrong_type("a text for a date", "users", "signed_up_on", pa.string(), "2025-12-31"),
    Stop("a required column missing", "users",
         parquet_of("users", typed("users", 6001), columns=without(user(6001), "email")),
         says=("'email'",)),
    Stop("a column in another case", "watches",
         parquet_of("watches", {**typed("watches", 6001), "Status": "completed"},
                    columns=["Status", *without(watch(6001), "status")],
                    types={"Status": pa.string()}),
         says=("'status'", "'Status'")),
    wrong_type("a decimal of 40 digits", "watches", "completion_pct", pa.decimal256(40, 2),
               Decimal("0.5")),
    Stop("an empty file", "ratings", b""),
    Stop("cut at the end", "ratings", WHOLE_PARQUET[:-20]),
    Stop("cut in the middle", "ratings", WHOLE_PARQUET[: len(WHOLE_PARQUET) // 2]),
    Stop("the end alone", "ratings", WHOLE_PARQUET[-2000:]),
    Stop("damaged at the beginning", "ratings", damaged(WHOLE_PARQUET, 4, b"\xff" * 200)),
    Stop("damaged in the middle", "ratings",
         damaged(WHOLE_PARQUET, len(WHOLE_PARQUET) // 3, b"\xff" * 2000)),
    Stop("damaged in the footer", "ratings", damaged(WHOLE_PARQUET, FOOTER, b"\xff" * 100)),
    Stop("a text that is no UTF-8", "shows", not_utf8()),
    Stop("csv", "shows", csv_of(show(6001))),
    Stop("a link to nothing", "shows", lambda path: path.symlink_to("nowhere")),
    Stop("a bad file with glob characters in its name", "shows", b"PAR1", file="bad [6]*"),
    Stop("a bad file with a quote in its name", "shows", b"PAR1", file="bad it's"),
]  # fmt: skip

STOPS = {"csv": CSV_STOPS, "json": JSON_STOPS, "parquet": PARQUET_STOPS}

# Setting, value, what the error says.
SETTINGS = [
    ("STREAMING_LANDING", "/no/such/folder"),
    ("STREAMING_LANDING", "pyproject.toml"),
    ("STREAMING_LANDING_FORMAT", "xml"),
    ("STREAMING_LANDING_FORMAT", "CSV"),
    ("STREAMING_MAX_SILENCE_DAYS", "-1"),
    ("STREAMING_MAX_SILENCE_DAYS", "1.5"),
    ("STREAMING_MAX_SILENCE_DAYS", "a week"),
    ("STREAMING_MAX_REJECT_SHARE", "abc"),
    ("STREAMING_MAX_REJECT_SHARE", "20"),
    ("STREAMING_MAX_REJECT_SHARE", "-0.1"),
    ("STREAMING_MAX_REJECT_SHARE", "nan"),
]

FORMATS = ("csv", "json", "parquet")


def kinds() -> dict[str, set[str]]:
    """The distinct kinds of bad input, a kind counted once however many formats it comes in."""
    return {
        "row": {kind.name for kind in ROW_KINDS if isinstance(kind.expected, list)},
        "row, odd but good": {kind.name for kind in ROW_KINDS if isinstance(kind.expected, dict)},
        "file that loads": {load.name for loads in LOADS.values() for load in loads},
        "file that stops": {stop.name for stops in STOPS.values() for stop in stops},
        "file ignored": {name for name, _ in IGNORED},
        "setting": {f"{setting}={value}" for setting, value in SETTINGS},
    }


def test_as_many_kinds_as_promised() -> None:
    counted = {group: len(names) for group, names in kinds().items()}
    assert counted["row"] >= 60 and counted["file that stops"] >= 15, counted
    for files_format in FORMATS:
        names = [kind.name for kind in ROW_KINDS if files_format in kind.formats]
        names += [kind.name for kind in LOADS[files_format]]
        names += [kind.name for kind in STOPS[files_format]]
        assert len(names) >= 60
    for group in (ROW_KINDS, *LOADS.values(), *STOPS.values()):
        assert len({kind.name for kind in group}) == len(group)


# ------------------------------------------------------------------ rows, and files that load


@dataclass
class Landed:
    """A platform to which every row and every file that loads was delivered, and its tables."""

    platform: Platform
    tables: dict[str, list[Row]]
    paths: dict[str, Path]  # of the files that load, by kind

    def find(self, table: str, feed: str, key: int) -> list[Row]:
        """The rows of a kind in bronze or quarantine: by key, or by the text `kind <key>`."""
        texts = [c for c, type_ in oracle.FEEDS[feed].items() if type_ == "STRING"]
        return [
            row
            for row in self.tables[f"{table}.{feed}"]
            if row[oracle.KEYS[feed]] == key or f"kind {key}" in (row[c] for c in texts)
        ]


def json_line(row: Row) -> str:
    """A row as a line of JSON, its literals as they stand."""
    values = (value if isinstance(value, Literal) else json.dumps(value) for value in row.values())
    return "{" + ",".join(f'"{c}":{v}' for c, v in zip(row, values, strict=True)) + "}\n"


def json_values(row: Row) -> Row:
    """A row of JSON values as the texts that a reader finds."""

    def text(value: Any) -> str | None:
        if isinstance(value, Literal) and value.startswith('"'):
            return str(json.loads(value))
        if value is None or isinstance(value, str):
            return value and str(value)
        return json.dumps(value, separators=(",", ":"))

    return {column: text(value) for column, value in row.items()}


def deliver_bytes(
    platform: Platform, feed: str, day: date, name: str, content: bytes, rows: Iterable[Row]
) -> Path:
    """Delivers a file; `rows` is what the oracle shall find in it."""
    path = platform.file(feed, day, name)
    path.write_bytes(content)
    platform.deliveries.append(oracle.Delivery(feed, day, str(path), tuple(rows)))
    return path


def deliver_kinds(
    platform: Platform, feed: str, day: date = ROWS_DAY, but: Collection[str] = ()
) -> None:
    """Delivers the rows of all kinds of a feed, but for some, in one file."""
    files_format = platform.files_format
    kinds = [
        k for k in ROW_KINDS if k.feed == feed and files_format in k.formats and k.name not in but
    ]
    rows = [row_of(kind, typed=files_format == "parquet") for kind in kinds]
    if files_format == "csv":
        content = csv_text(list(oracle.FEEDS[feed]), rows).encode()
    elif files_format == "json":
        content = "".join(map(json_line, rows)).encode()
        rows = [json_values(row) for row in rows]
    else:
        content = parquet_of(feed, *rows)
        # What Python has no date for, the oracle is given as the text that is to be rescued.
        rows = [
            {c: kind.rescued.get(c, v) if type(v) is int else v for c, v in row.items()}
            for kind, row in zip(kinds, rows, strict=True)
        ]
    deliver_bytes(platform, feed, day, "kinds", content, rows)


def deliver_parents(platform: Platform, day: date) -> None:
    """Delivers the keys 1, which are good, and 2, which are rejected."""
    typed_ = platform.files_format == "parquet"
    wrong = {"users": "email", "shows": "title", "watches": "status"}
    for feed, column in wrong.items():
        good, bad = good_row(feed, 1, typed_), good_row(feed, 2, typed_)
        platform.deliver(feed, day, [good, {**bad, column: " "}])


Made = TypeVar("Made")
ByFormat = Callable[[str], Made]


def once(make: ByFormat[Made]) -> ByFormat[Made]:
    """Makes a thing of each format when it is first asked for; what failed, fails again at once.

    (A fixture of the module that tests choose by an indirect parameter is made for every test.)
    """
    made: dict[str, Made | Exception] = {}

    def get(files_format: str) -> Made:
        if files_format not in made:
            try:
                made[files_format] = make(files_format)
            except Exception as error:
                made[files_format] = error
        result = made[files_format]
        if isinstance(result, Exception):
            raise result
        return result

    return get


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> ByFormat[Landed]:
    return once(
        lambda files_format: land(Platform(tmp_path_factory.mktemp("landed"), files_format))
    )


def land(platform: Platform) -> Landed:
    """Delivers all kinds of rows, and all kinds of files that load, and plans them at once."""
    files_format = platform.files_format
    deliver_parents(platform, PARENTS_DAY)
    paths = {}
    for feed in oracle.FEEDS:
        deliver_kinds(platform, feed)
    for n, load in enumerate(LOADS[files_format]):
        rows = [row for row, _ in load.rows]
        name = load.file or f"file-{n}"
        paths[load.name] = deliver_bytes(platform, load.feed, FILES_DAY, name, load.content, rows)
    for _, place in IGNORED:
        path = platform.landing / place.replace("{}", files_format)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff\xfe no delivery")
    (platform.landing / "shows" / f"dt={FILES_DAY - timedelta(days=1)}").mkdir()
    platform.plan(FILES_DAY)
    return Landed(platform, platform.tables(), paths)


def each(kinds: Callable[[str], Iterable[Any]]) -> pytest.MarkDecorator:
    """Parametrises a test by format and kind."""
    return pytest.mark.parametrize(
        "files_format, kind",
        [
            pytest.param(files_format, kind, id=f"{files_format}: {kind.name}")
            for files_format in FORMATS
            for kind in kinds(files_format)
        ],
    )


@each(lambda files_format: [kind for kind in ROW_KINDS if files_format in kind.formats])
def test_row(landed: ByFormat[Landed], files_format: str, kind: RowKind) -> None:
    here = landed(files_format)
    feed, key = kind.feed, FIRST_KEY + ROW_KINDS.index(kind)
    (bronze,) = here.find("bronze", feed, key)
    assert json.loads(bronze["_rescued_data"] or "{}") == kind.rescued
    assert bronze["_rescued_data"] is None or kind.rescued
    for column in kind.rescued:
        assert bronze[column] is None
    for column, value in row_of(kind, typed=files_format == "parquet").items():
        if oracle.FEEDS[feed][column] == "STRING" and isinstance(value, (str, type(None))):
            assert bronze[column] == value, "bronze leaves text as it is"

    quarantined = here.find("quarantine", feed, key)
    shown = [
        row
        for row in here.tables[f"silver.{feed}"]
        if row[oracle.KEYS[feed]] == bronze[oracle.KEYS[feed]]
    ]
    if isinstance(kind.expected, list):
        assert [row["_rejected_for"] for row in quarantined] == [kind.expected]
        assert {**quarantined[0], "_rejected_for": None} == {**bronze, "_rejected_for": None}
        assert shown == []
    else:
        assert quarantined == []
        (silver,) = shown
        assert {column: silver[column] for column in kind.expected} == kind.expected


@each(lambda files_format: LOADS[files_format])
def test_file_that_loads(landed: ByFormat[Landed], files_format: str, kind: Load) -> None:
    here = landed(files_format)
    path = str(here.paths[kind.name])
    key = oracle.KEYS[kind.feed]

    def of_file(table: str) -> list[Row]:
        rows = [r for r in here.tables[f"{table}.{kind.feed}"] if r["_source"] == path]
        return sorted(rows, key=lambda row: row[key] or 0)

    bronze = of_file("bronze")
    assert [row["_ingest_date"] for row in bronze] == [FILES_DAY] * len(kind.rows)
    for row, (raw, reasons) in zip(bronze, kind.rows, strict=True):
        texts = [c for c, type_ in oracle.FEEDS[kind.feed].items() if type_ == "STRING"]
        assert [row[c] for c in texts] == [raw.get(c) for c in texts]
        assert str(row[key]) == str(raw.get(key)).strip() or f"{key}_malformed" in reasons
    rejected = [reasons for _, reasons in kind.rows if reasons]
    assert [row["_rejected_for"] for row in of_file("quarantine")] == rejected


@pytest.mark.parametrize("files_format", FORMATS)
@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in IGNORED])
def test_file_that_is_ignored(landed: ByFormat[Landed], files_format: str, place: str) -> None:
    here = landed(files_format)
    path = here.platform.landing / place.replace("{}", files_format)
    assert path.exists()
    sources = {row["_source"] for feed in oracle.FEEDS for row in here.tables[f"bronze.{feed}"]}
    assert str(path) not in sources


@pytest.mark.parametrize("files_format", FORMATS)
def test_everything_is_what_the_oracle_says(landed: ByFormat[Landed], files_format: str) -> None:
    landed(files_format).platform.check()


# ------------------------------------------------------------------ files that stop a run


@dataclass(frozen=True)
class Outcome:
    """What a run did about a file that should stop it."""

    succeeded: bool
    error: str  # of the models that failed
    path: str
    good_path: str  # how those of the good files of the same feed and day begin
    gold_as_before: bool
    bronze_as_before: bool


@dataclass
class StoppedRuns:
    """The outcomes by kind; then the key of the file's correction, and whether it was accepted."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    corrections: dict[str, tuple[int, bool]] = field(default_factory=dict)


MANY_FILES = 2 * (os.cpu_count() or 1) + 1
GOLD = [table for table in oracle.COLUMNS if table.startswith("gold.")]


def contents(context: Context, *tables: str) -> list[list[tuple[Any, ...]]]:
    """All rows of tables in prod."""
    return [
        sorted(context.engine_adapter.fetchall(f"SELECT * FROM streaming_prod.{table}"), key=repr)
        for table in tables
    ]


def run_in(context: Context, day: date, *models: str) -> tuple[bool, str]:
    """Runs prod, or some models of it: whether it succeeded, and what failed."""
    console = get_console()
    assert isinstance(console, Failures)
    console.failed.clear()
    try:
        status = context.run(
            "prod",
            execution_time=morning_after(day),
            skip_janitor=True,
            select_models=models or None,
            no_auto_upstream=True,
        )
    except SQLMeshError as error:  # before any model ran
        return False, str(error)
    return status.is_success, "\n".join(console.failed)


def try_file(
    context: Context, platform: Platform, day: date, stop: Stop, name: str, *models: str
) -> Outcome:
    """Runs a day with a bad file, and takes it away again."""
    watched = [f"bronze.{stop.feed}", *GOLD]
    before = contents(context, *watched)
    path = platform.file(stop.feed, day, name)
    if isinstance(stop.content, bytes):
        path.write_bytes(stop.content)
    else:
        stop.content(path)
    succeeded, error = run_in(context, day, *models)
    after = contents(context, *watched)
    path.unlink()
    return Outcome(
        succeeded=succeeded,
        error=error,
        path=str(path),
        good_path=str(path.parent / "good"),
        gold_as_before=before[1:] == after[1:],
        bronze_as_before=before[0] == after[0],
    )


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> ByFormat[StoppedRuns]:
    return once(
        lambda files_format: run_into(Platform(tmp_path_factory.mktemp("stopped"), files_format))
    )


def run_into(platform: Platform) -> StoppedRuns:
    """Each bad file, in its turn, is the one bad file of a day on which every feed has news.

    The files of a feed share a day, which none of them lets pass; then they come corrected. With
    the first of a feed all models run, with the others the one that reads the file.
    """
    files_format = platform.files_format
    keys = itertools.count(7001)

    def deliver_good(feed: str, day: date, name: str) -> int:
        key = next(keys)
        platform.deliver(feed, day, [good_row(feed, key, typed=files_format == "parquet")], name)
        return key

    deliver_parents(platform, PARENTS_DAY)
    deliver_good("ratings", PARENTS_DAY, "good")
    platform.plan(PARENTS_DAY)

    def deliver_news(bad_feed: str, day: date) -> None:
        for feed in oracle.FEEDS:
            deliver_good(feed, day, "good")
        # Readers go about many files in another way than about few.
        for number in range(MANY_FILES if bad_feed == "users" else 0):
            deliver_good(bad_feed, day, f"good-{number}")

    runs = StoppedRuns()
    day = PARENTS_DAY
    with platform.context() as context:
        for feed in sorted({stop.feed for stop in STOPS[files_format]}):
            day += timedelta(days=1)
            deliver_news(feed, day)
            names = {}
            for number, stop in enumerate(s for s in STOPS[files_format] if s.feed == feed):
                names[stop.name] = stop.file or f"bad-{number}"
                models = [f"bronze.delivered_{feed}"] if number else []
                outcome = try_file(context, platform, day, stop, names[stop.name], *models)
                runs.outcomes[stop.name] = outcome
                if outcome.succeeded:  # it should not have; the day is over
                    day += timedelta(days=1)
                    deliver_news(feed, day)
            corrected = {kind: deliver_good(feed, day, name) for kind, name in names.items()}
            run_in(context, day)
            (rows,) = contents(context, f"silver.{feed}")
            accepted = {row[0] for row in rows}
            runs.corrections |= {kind: (key, key in accepted) for kind, key in corrected.items()}
    return runs


@each(lambda files_format: STOPS[files_format])
def test_file_that_stops_the_run(
    stopped: ByFormat[StoppedRuns], files_format: str, kind: Stop
) -> None:
    here = stopped(files_format)
    outcome = here.outcomes[kind.name]
    assert not outcome.succeeded
    assert outcome.path in outcome.error
    assert outcome.good_path not in outcome.error, "names the bad file, not every file"
    for word in kind.says:
        assert word in outcome.error.replace(outcome.path, "")
    assert outcome.gold_as_before
    assert outcome.bronze_as_before
    key, accepted = here.corrections[kind.name]
    assert accepted, f"the corrected file has the key {key}"


# ------------------------------------------------------------------ settings, and an absent feed


@dataclass
class Young:
    """A platform that ratings were never delivered to: its tables, and what bad settings did."""

    tables: dict[str, list[Row]]
    expected: dict[str, list[Row]]
    errors: dict[tuple[str, str], str] = field(default_factory=dict)
    gold_as_before: dict[tuple[str, str], bool] = field(default_factory=dict)
    succeeded_at_last: bool = False


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Young:
    platform = Platform(tmp_path_factory.mktemp("young"))
    deliver_parents(platform, PARENTS_DAY)
    platform.plan(PARENTS_DAY)
    result = Young(platform.tables(), oracle.build(platform.deliveries))

    platform.deliver("watches", ROWS_DAY, [good_row("watches", 7001)])
    platform.deliver("ratings", ROWS_DAY, [good_row("ratings", 7001)])
    with platform.context() as context, pytest.MonkeyPatch.context() as patch:
        for setting, value in SETTINGS:
            before = contents(context, *GOLD)
            with patch.context() as briefly:
                briefly.setenv(setting, value)
                _, result.errors[setting, value] = run_in(context, ROWS_DAY)
            result.gold_as_before[setting, value] = before == contents(context, *GOLD)
    platform.run(ROWS_DAY)
    result.succeeded_at_last = len(platform.tables()["gold.fct_ratings"]) == 1
    return result


def test_a_feed_without_a_folder(young: Young) -> None:
    assert young.tables["silver.ratings"] == young.tables["gold.fct_ratings"] == []
    assert_equal(young.tables, young.expected)


def test_a_parquet_day_without_a_feed(tmp_path: Path) -> None:
    """A feed that delivers nothing on a day is no reason to stop."""
    platform = Platform(tmp_path, "parquet")
    platform.deliver("shows", PARENTS_DAY, [good_row("shows", 1, typed=True)])
    platform.plan(PARENTS_DAY)
    assert not platform.tables()["bronze.watches"]


@pytest.mark.parametrize("setting, value", SETTINGS)
def test_bad_setting(young: Young, setting: str, value: str) -> None:
    assert f"{setting} is '{value}'" in young.errors[setting, value]
    assert young.gold_as_before[setting, value]


def test_good_settings_again(young: Young) -> None:
    assert young.succeeded_at_last
