"""The rows that each feed delivers in some days, as SQL.

Nothing is stored between days. What a row holds is drawn from its own id with the SQL macro
`draw(key, purpose)`, a number in [0, 1) that depends on the seed, the key and the purpose alone;
which rows a day delivers follows from the ids. Each query gives the contract's columns in silver's
types, `_day` (the number of the delivery day) and `_ident`, which names the delivery of the row
(the same for the two copies of a row that is delivered twice in a day).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from generator.population import Population

LATE_DAYS = 30  # a late watch, a repeat or a correction arrives 1 to so many days after
RATING_DAYS = 28  # a rating is given 0 to so many days after its watch
REPAIR_DAYS = (
    10  # users and shows: delays, repairs, repeats and stale versions take 1 to so many days
)
GHOST_ID = 7_000_000_000  # ids above are never delivered
RATING_ID = 5_000_000_000  # a rating's id is this and its watch's
BINGE_SHARE = 0.35
ANOTHER = 1 << 40  # added to an id to draw anew for it
# Shares of the watches that may be rated: on their day, within three days, later.
RATED_AT_ONCE, RATED_SOON, RATED_LATER = 0.18, 0.075, 0.045

# Hours 0 to 23, in per cent.
HOUR_WEIGHTS = (3, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 3, 3, 4, 6, 8, 11, 13, 11, 8, 4)
HOURS = [hour for hour, weight in enumerate(HOUR_WEIGHTS) for _ in range(weight)]
FIRST_NAMES = (
    "Ada Aisha Alejandro Amina Anna Anton Beatriz Björn Carla Chen Chloé Clara Daniel Diego Elif "
    "Emma Erik Fatima Felix Giulia Hana Hugo Ines Ivan Jean-Luc João Jonas José Kaito Lena Liam "
    "Lucía Marek Maria Mei Milan Mira Mohammed Nadia Noah Nora Olga Oscar Priya Rafael Ravi Rosa "
    "Sara Sofia Tomás Ursula Viktor Wei Yara Yusuf Zoë"
).split()
LAST_NAMES = (
    "Almeida|Andersson|Bauer|Becker|Bianchi|Carter|Chen|Costa|Da Silva|Dubois|Eriksen|Fernández|"
    "Fischer|García|Gupta|Haddad|Hansen|Horvat|Ivanova|Jansen|Kaya|Khan|Kim|Kowalski|Larsen|"
    "Lefèvre|Lopez|MacDonald|Meyer|Moreau|Müller|Nakamura|Nguyen|Novák|O'Brien|Okafor|Olsen|"
    "Pereira|Petrov|Popescu|Rossi|Sato|Schmidt|Silva|Singh|Smith, Jr.|Suzuki|Tanaka|Van Dijk|"
    "Virtanen|Wagner|Weber|Wójcik|Zhang"
).split("|")
MAIL_DOMAINS = (
    "example.com example.org mail.example.net post.example inbox.example.com".split()
)  # fmt: skip
COUNTRIES = "US US US US DE DE DE GB GB FR FR ES IT BR BR IN IN MX PL NL SE JP KR CA AU TR".split()
PLANS = ["free"] * 5 + ["basic"] * 6 + ["standard"] * 6 + ["premium"] * 3
ADJECTIVES = (
    "Silent Broken Golden Hidden Last Crimson Endless Frozen Distant Electric Hollow Paper Quiet "
    "Restless Second Stolen Sunken Velvet Wild Winter"
).split()
NOUNS = (
    "Harbor Orchard Signal Kingdom Letters Mirror Station Garden Detective Frontier Archive "
    "Lighthouse Symphony Horizon Witness Neighbours Machine Voyage Promise Carnival"
).split()
TITLES = (
    "The {1} {2}",
    "{1} {2}",
    "{2}, {1} and Lost",
    'The "{1}" {2}',
    "{2} of the {1} Sea",
    "A {1} {2}: Part II",
)
GENRES = (
    "drama drama comedy comedy thriller documentary sci-fi romance crime animation kids".split()
)
DEVICES = "tv tv tv tv mobile mobile mobile tablet web web console".split()
PRAISE = (
    "Loved it.",
    "Could not stop watching, slept four hours.",
    'The "quiet" episode is the best of the year.',
    "Great cast, great score.\nWatch it twice.",
    "Five stars from the whole family",
)
BLAME = (
    "Too long, too loud.",
    "Gave up after one episode",
    'They call this "prestige"?',
    "Weak plot.\n\nWeaker ending, sadly.",
)
SHRUGS = (
    "It was fine.",
    "Good start, slow middle.",
    'Some call it a "slow burn"; I call it slow.',
    "OK",
)


class Draws(NamedTuple):
    """A share of draws, from `start` and `width` wide, cut evenly into lags of 1 to `lags` days."""

    start: float
    width: float
    lags: int

    @property
    def end(self) -> float:
        """Where the next share starts."""
        return self.start + self.width

    def lag_sql(self, draw: str) -> str:
        """SQL of the lag that `draw`, which is in the share, falls on."""
        place = f"({draw} - {self.start!r}) / {self.width or 1!r}"
        return f"least({self.lags}, 1 + floor({place} * {self.lags}))::INT"


def literal(text: str | None) -> str:
    """`text` as an SQL literal."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def choice(values: Sequence[str | None], draw: str) -> str:
    """SQL of the one of the texts `values` that `draw` falls on."""
    return f"[{', '.join(map(literal, values))}][1 + floor({draw} * {len(values)})::INT]"


def whole(draw: str, count: int | str) -> str:
    """SQL of a whole number from 0 to `count` - 1 that `draw` falls on."""
    return f"floor({draw} * {count})::BIGINT"


def ident(key: str, day: str, code: int | str) -> str:
    """SQL of the name of a delivery: the row's key, the day (below 60,000), a code (0 to 15)."""
    return f"({key} * 1000000 + {day} * 16 + {code})"


def dirty(feed: str, ident: str, dirt: float) -> str:
    """SQL that is true when the delivery `ident` gets a bad value."""
    return f"draw({ident}, '{feed} dirty') < {dirt!r}"


def setup_sql(population: Population, last_day: int) -> list[str]:
    """Statements that create the macro `draw` and the table `calendar` of days 1 to `last_day`."""
    rows = ", ".join(
        f"({day}, DATE '{population.date_of(day)}', {first}, {end}, "
        f"{population.users.size(day)}, {population.shows.size(day)})"
        for day in range(1, last_day + 1)
        for first, end in [population.watches(day)]
    )
    salt = f"hash('{population.settings.seed}:' || purpose)"
    return [
        "CREATE MACRO draw(key, purpose) AS "
        f"(hash(xor(key::UBIGINT, {salt})) >> 11)::DOUBLE / 9007199254740992.0",
        "CREATE TABLE calendar AS SELECT *, epoch(date)::BIGINT AS midnight "
        f"FROM (VALUES {rows}) AS days(day, date, first_watch, end_watch, users, shows)",
    ]


def feed_sql(feed: str, population: Population, days: range) -> str:
    """The query of what `feed` delivers on `days`, which follow one another."""
    build = {"users": _users, "shows": _shows, "watches": _watches, "ratings": _ratings}[feed]
    return build(population, days)


def _versions(population: Population, days: range, feed: str, period: str) -> str:
    """The users or shows that are delivered on `days`, each in its version.

    Time is cut into slots of `period` days, for each key in its own phase; each slot holds one
    change, on a day drawn for it. Gives key, joined (the day), version (from 0, grows with every
    change), updated_on (the day of the last change; NULL for none since it joined) and kind:
    0 first, 1 changed, 2 repair of a first delivery that was dirty, 3 repeat, 4 stale (an older
    change, out of order).
    """
    growth = {"users": population.users, "shows": population.shows}[feed]
    dirt, late = population.settings.dirt, population.settings.late
    slot, delivery = "key * 4096 + slot", ident("key", "day", "kind")

    def draw(key: str, purpose: str) -> str:
        return f"draw({key}, '{feed} {purpose}')"

    def after_change(purpose: str, share: float) -> str:
        lag = f"1 + {whole(draw(slot, purpose + ' lag'), REPAIR_DAYS)}"
        known = f"passed = change + {lag} AND first_day < day - ({lag})"
        return f"{known} AND {draw(slot, purpose)} < {min(share, 0.9)!r}"

    return f"""
    WITH keys AS (
        SELECT range AS key, {growth.joined_sql("range")} AS joined, {period} AS period
        FROM range(1, {growth.size(days[-1]) + 1})
    ), arrivals AS (
        SELECT *, {whole(draw("key", "phase"), "period")} AS phase,
            joined + CASE WHEN {draw("key", "delayed")} < {2 * late!r}
                THEN 1 + {whole(draw("key", "delay"), REPAIR_DAYS)} ELSE 0 END AS first_day
        FROM keys
    ), repairs AS (
        SELECT *, CASE WHEN {dirty(feed, ident("key", "first_day", 0), dirt)}
            THEN first_day + 1 + {whole(draw("key", "repair"), REPAIR_DAYS)} END AS repair_day
        FROM arrivals
    ), slots AS (
        SELECT *, (day + phase) // period + 1 AS slot, (day + phase) % period AS passed
        FROM repairs, range({days[0]}, {days[-1] + 1}) AS days(day)
        WHERE first_day <= day
    ), changes AS (
        SELECT *, {whole(draw(slot, "change"), "period")} AS change,
            {whole(draw(f"{slot} - 1", "change"), "period")} - period AS change_before
        FROM slots
    ), due AS (
        SELECT key, day, joined, slot - (change > passed)::INT AS version,
            day - passed
                + CASE WHEN change <= passed THEN change ELSE change_before END AS updated_on,
            CASE
                WHEN first_day = day THEN 0
                WHEN passed = change THEN 1
                WHEN repair_day = day THEN 2
                WHEN {after_change("repeat", 4 * late)} THEN 3
                WHEN {after_change("stale", 8 * late)} THEN 4
            END AS kind
        FROM changes
    )
    SELECT key, day AS _day, joined, version,
        CASE WHEN updated_on > joined THEN updated_on END AS updated_on, kind, {delivery} AS _ident
    FROM due, range(2) AS copies(copy)
    WHERE kind IS NOT NULL AND (copy = 0 OR {draw(delivery, "twice")} < {late / 2!r})
    """


def _users(population: Population, days: range) -> str:
    period = "CASE WHEN draw(range, 'users restless') < 0.2 THEN 29 ELSE 254 END"

    def value_key(*places: int) -> str:
        # What changes goes round in eights: plan, country, plan, email, plan, name, plan, country.
        # `turn` is the place in the round; a value was drawn when one of its places came last.
        back = ", ".join(f"(turn + {8 - place}) % 8" for place in places)
        return f"key * 4096 + greatest(version - least({back}), 0)"

    plan, country, email, name = value_key(0, 2, 4, 6), value_key(1, 7), value_key(3), value_key(5)
    stale_plan = f"{plan} + CASE kind WHEN 4 THEN {ANOTHER << 8} ELSE 0 END"
    surname = "lower(regexp_replace(strip_accents(last_name), '[^A-Za-z]', '', 'g'))"
    return f"""
    WITH versions AS ({_versions(population, days, "users", period)}
    ), dated AS (
        SELECT *, DATE '{population.date_of(1)}' + (joined - 1)::INT AS joined_on,
            (version + {whole("draw(key, 'turn')", 8)}) % 8 AS turn
        FROM versions
    ), aged AS (
        SELECT *, joined_on
            - CASE joined WHEN 1 THEN {whole("draw(key, 'age')", 1500)} ELSE 0 END::INT
                AS signed_up_on
        FROM dated
    ), named AS (
        SELECT *, {choice(FIRST_NAMES, "draw(key, 'first name')")} AS first_name,
            {choice(LAST_NAMES, f"draw({name}, 'last name')")} AS last_name,
            CASE WHEN updated_on IS NOT NULL THEN joined_on + (updated_on - joined)::INT
                ELSE signed_up_on
                    + {whole("draw(key, 'touched')", "(1 + joined_on - signed_up_on)")}::INT
            END AS updated_date
        FROM aged
    )
    SELECT key::BIGINT AS user_id,
        first_name || ' ' || last_name AS name,
        lower(strip_accents(first_name)) || '.' || {surname} || key || '@'
            || {choice(MAIL_DOMAINS, f"draw({email}, 'email')")} AS email,
        CASE WHEN draw({country}, 'no country') >= 0.02
            THEN {choice(COUNTRIES, f"draw({country}, 'country')")} END AS country,
        CASE WHEN draw({plan}, 'no plan') >= 0.02
            THEN {choice(PLANS, f"draw({stale_plan}, 'plan')")} END AS subscription_plan,
        signed_up_on,
        updated_date::TIMESTAMP + to_seconds(
            {whole("draw(key * 4096 + version, 'update')", 86400)}
            - CASE kind WHEN 4 THEN 1 + {whole("draw(key * 4096 + version, 'stale by')", 36000)}
                ELSE 0 END) AS updated_at,
        _day, _ident
    FROM named
    """


def _shows(population: Population, days: range) -> str:
    start = f"DATE '{population.date_of(1)}'"
    age, release = "draw(key, 'show age')", "pow(draw(key, 'release'), 3)"
    seasons, update = "pow(draw(key, 'seasons'), 2)", "draw(key * 4096 + version, 'show update')"
    return f"""
    WITH versions AS ({_versions(population, days, "shows", "100")}
    ), dated AS (
        SELECT *, {start} + CASE
            WHEN updated_on IS NOT NULL THEN updated_on - 1
            WHEN joined = 1 THEN - {whole(age, 400)}
            ELSE joined - 1 END::INT AS updated_date
        FROM versions
    )
    SELECT key::BIGINT AS show_id,
        replace(replace({choice(TITLES, "draw(key, 'title')")},
            '{{1}}', {choice(ADJECTIVES, "draw(key, 'adjective')")}),
            '{{2}}', {choice(NOUNS, "draw(key, 'noun')")}) AS title,
        CASE WHEN draw(key, 'no genre') >= 0.03
            THEN {choice(GENRES, "draw(key, 'genre')")} END AS genre,
        (extract(year FROM {start}) - {whole(release, 60)})::INT AS release_year,
        CASE WHEN draw(key, 'no seasons') >= 0.04
            THEN 1 + {whole(seasons, 9)} + (version + key % 3) // 3 END::INT AS seasons,
        CASE WHEN draw(key, 'no average') >= 0.04 THEN round(1.8 + 3 * draw(key, 'average')
            + 0.2 * draw(key * 4096 + version, 'average now'), 2) END::DOUBLE AS rating_avg,
        updated_date::TIMESTAMP + to_seconds({whole(update, 86400)}) AS updated_at,
        _day, _ident
    FROM dated
    """


def _taking_place(days: range, before: int) -> str:
    """The watches that take place on `days` or up to `before` days before, with `calendar`."""
    return f"""
    SELECT *, unnest(range(first_watch, end_watch)) AS watch_id
    FROM calendar
    WHERE day BETWEEN {days[0] - before} AND {days[-1]}
    """


def _watch_facts(population: Population, due: str) -> str:
    """All about the watches of `due`, a query of `_taking_place` with a version (0 or 1) for each.

    A watch in a binge has a neighbour on the same day with the same user and show.
    """
    users, shows = population.users, population.shows
    user_rank = "floor(users * (pow(51, draw(viewing, 'user')) - 1) / 50)"
    show_rank = "floor(5 * (pow(shows / 5 + 1, draw(viewing, 'show')) - 1))"
    version = f"watch_id + version * {ANOTHER}"
    return f"""
    WITH paired AS (
        SELECT *, watch_id - (watch_id - first_watch) % 2 AS pair FROM ({due})
    ), binges AS (
        SELECT *, draw(pair, 'binge') < {BINGE_SHARE} AS is_binge, 2 * pair + 1 - watch_id AS other
        FROM paired
    ), outcomes AS (
        SELECT * EXCLUDE (other),
            CASE WHEN is_binge THEN pair ELSE watch_id END AS viewing,
            CASE WHEN is_binge AND other < end_watch THEN other END AS neighbour,
            draw({version}, 'outcome') AS outcome,
            draw({version}, 'extent') AS extent
        FROM binges
    ), ranks AS (
        SELECT *, least(users - 1, {user_rank})::BIGINT AS user_rank,
            least(shows - 1, {show_rank})::BIGINT AS show_rank,
            CASE WHEN outcome < 0.62 THEN 'completed' WHEN outcome < 0.82 THEN 'in_progress'
                ELSE 'abandoned' END AS status
        FROM outcomes
    ), facts AS (
        SELECT *, {users.scattered_sql("user_rank")} AS user_id,
            {shows.scattered_sql("show_rank")} AS show_id,
            make_timestamp(1000000 * (midnight + {whole("draw(watch_id, 'second')", 3600)}
                + 3600 * {HOURS}[1 + {whole("draw(watch_id, 'hour')", len(HOURS))}])) AS watched_at,
            round(CASE status WHEN 'completed' THEN 0.9 + 0.1 * extent
                WHEN 'in_progress' THEN 0.1 + 0.75 * extent
                ELSE 0.01 + 0.5 * extent END, 3) AS completion_pct
        FROM ranks
    )
    SELECT *, greatest(1, round(
        completion_pct * (20 + {whole("draw(show_id, 'duration')", 100)})))::INT AS minutes
    FROM facts
    """


def _foreign_keys(late: float) -> str:
    """SQL of user_id and show_id of a watch or a rating; a few name what is never delivered."""
    ghost, share = "draw(watch_id, 'ghost')", late / 40
    return f"""
        user_id + CASE WHEN {ghost} < {share!r} THEN {GHOST_ID} ELSE 0 END AS user_id,
        show_id + CASE WHEN {ghost} > {1 - share!r} THEN {GHOST_ID} ELSE 0 END AS show_id
    """


def _watches(population: Population, days: range) -> str:
    late = population.settings.late
    # One draw decides: late, the same again later, corrected later, or twice in a day.
    delayed = Draws(0, late, LATE_DAYS)
    repeated = Draws(delayed.end, late / 2, LATE_DAYS)
    corrected = Draws(repeated.end, late, LATE_DAYS)
    twice = Draws(corrected.end, late / 2, 1)
    due = f"""
    WITH taking_place AS (
        SELECT *, draw(watch_id, 'delivery') AS drawn FROM ({_taking_place(days, LATE_DAYS)})
    ), deliveries AS (
        SELECT *, 0 AS version,
            day + CASE
                WHEN drawn < {delayed.end!r} THEN {delayed.lag_sql("drawn")}
                ELSE 0 END AS _day
        FROM taking_place
        UNION ALL
        SELECT *, (drawn >= {corrected.start!r} AND drawn < {corrected.end!r})::INT,
            day + CASE
                WHEN drawn < {repeated.end!r} THEN {repeated.lag_sql("drawn")}
                WHEN drawn < {corrected.end!r} THEN {corrected.lag_sql("drawn")}
                ELSE 0 END
        FROM taking_place
        WHERE drawn >= {repeated.start!r} AND drawn < {twice.end!r}
    )
    FROM deliveries WHERE _day BETWEEN {days[0]} AND {days[-1]}
    """
    return f"""
    SELECT watch_id, {_foreign_keys(late)},
        watched_at,
        CASE WHEN draw(watch_id, 'no minutes') >= 0.02 THEN minutes END AS minutes_watched,
        completion_pct,
        status,
        CASE WHEN draw(watch_id, 'no device') >= 0.02
            THEN {choice(DEVICES, "draw(watch_id, 'device')")} END AS device,
        _day, {ident("watch_id", "_day", "version")} AS _ident
    FROM ({_watch_facts(population, due)})
    """


def _ratings(population: Population, days: range) -> str:
    late = population.settings.late
    soon = Draws(RATED_AT_ONCE, RATED_SOON, 3)
    later = Draws(soon.end, RATED_LATER, RATING_DAYS)
    # Of the ratings given at once, one draw decides what is delivered later, or twice in a day.
    repeated = Draws(0, late / 2, LATE_DAYS)
    restarred = Draws(repeated.end, late / 2, LATE_DAYS)
    moved = Draws(restarred.end, 2 * late, LATE_DAYS)
    twice = Draws(moved.end, late / 2, 1)
    # cause: 0 given, 1 the same again, 2 other stars, 3 moved to the neighbouring watch
    due = f"""
    WITH taking_place AS (
        SELECT *, 0 AS version, draw(watch_id, 'rated') AS drawn
        FROM ({_taking_place(days, LATE_DAYS)})
    ), given AS (
        SELECT *, draw(watch_id, 'rating again') AS again,
            CASE WHEN drawn < {soon.start!r} THEN 0
                WHEN drawn < {later.start!r} THEN {soon.lag_sql("drawn")}
                ELSE {later.lag_sql("drawn")} END AS lag
        FROM taking_place
        WHERE drawn < {later.end!r}
    ), deliveries AS (
        SELECT *, 0 AS cause, day + lag AS _day FROM given
        UNION ALL
        SELECT *, CASE WHEN again < {repeated.end!r} THEN 1 WHEN again < {restarred.end!r} THEN 2
                WHEN again < {moved.end!r} THEN 3 ELSE 0 END,
            day + CASE
                WHEN again < {repeated.end!r} THEN {repeated.lag_sql("again")}
                WHEN again < {restarred.end!r} THEN {restarred.lag_sql("again")}
                WHEN again < {moved.end!r} THEN {moved.lag_sql("again")}
                ELSE 0 END
        FROM given
        WHERE lag = 0 AND again < {twice.end!r}
    )
    FROM deliveries WHERE _day BETWEEN {days[0]} AND {days[-1]}
    """
    # Above which draws the stars are 2, 3, 4 and 5.
    steps = "CASE status WHEN 'completed' THEN [0.04, 0.1, 0.25, 0.58] ELSE [0.25, 0.5, 0.75, 0.92]"
    stars = f"draw(watch_id + CASE cause WHEN 2 THEN {ANOTHER} ELSE 0 END, 'stars')"
    pause, second = "draw(watch_id, 'pause')", "draw(watch_id, 'rated second')"
    return f"""
    WITH kept AS (
        SELECT *, 1 + len(list_filter({steps} END, step -> step <= {stars})) AS stars
        FROM ({_watch_facts(population, due)})
        WHERE draw(watch_id, 'rating kept') < CASE status WHEN 'completed' THEN 0.58 ELSE 0.16 END
            AND (cause <> 3 OR neighbour IS NOT NULL)
    )
    SELECT {RATING_ID} + watch_id AS rating_id, {_foreign_keys(late)},
        CASE
            WHEN draw(watch_id, 'no watch') < 0.03 THEN NULL
            WHEN draw(watch_id, 'ghost watch') < {late / 20!r} THEN watch_id + {GHOST_ID}
            WHEN cause = 3 THEN neighbour
            ELSE watch_id
        END AS watch_id,
        stars::INT AS rating,
        CASE
            WHEN draw(watch_id, 'no review') < 0.45 THEN NULL
            WHEN stars > 3 THEN {choice(PRAISE, "draw(watch_id, 'review')")}
            WHEN stars < 3 THEN {choice(BLAME, "draw(watch_id, 'review')")}
            ELSE {choice(SHRUGS, "draw(watch_id, 'review')")}
        END AS review,
        CASE lag
            WHEN 0 THEN least(watched_at + to_seconds(60 * minutes + {whole(pause, 3600)}),
                make_timestamp(1000000 * (midnight + 86399)))
            ELSE make_timestamp(1000000 * (midnight + 86400 * lag + {whole(second, 86400)}))
        END AS rated_at,
        _day, {ident("watch_id", "_day", "cause")} AS _ident
    FROM kept
    """
