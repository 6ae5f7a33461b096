"""Every place where data of a client live: what they are, when they go, what an erasure does, where they are told.

Written down once. The proof of the retention job names each of them, `docs/rights.md` shows them, and a test fails for
a table, folder or file that is neither here nor among those that hold no client (R19, R21, R22).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enforcement.settings import Settings
from enforcement.tables import Base

UNSELECTED = "the policy's months for people who were not selected"
ARCHIVE = "the archive's years after the review"
BENEFIT = "the archive's years after the last benefit ended"
DAY = "a day; it is made for one piece of work"
DELIVERED = "the days for delivered files, after they were published"


LAKE, DELIVERIES = "lake/*/*/*.parquet", "deliveries/*"
LEFT_BEHIND, UNLOADED = "features/*", "unloaded/*"
BACKUP_STEP = "backup "
"""first part of the rows of table step in which each backup folder tells how many there are and when they expire"""


@dataclass(frozen=True)
class Store:
    """One place. `where`: a table, or a pattern of files below the home."""

    where: str
    holds: str
    term: str
    """how long, in words"""
    erased: str
    """what an erasure does there"""
    told: str
    """the part of the access report, or why it is not in it"""


TABLES: tuple[Store, ...] = (
    Store("identity", "what a number stands for, encrypted per person", BENEFIT, "deleted", "identity"),
    Store("lookup", "keyed hash of an identifier", BENEFIT, "deleted", "no: it says nothing that identity does not"),
    Store(
        "identity_judgement", "two numbers that were taken for one", "kept: numbers that lead nowhere",
        "kept: the numbers lead nowhere", "identity, as one person",
    ),
    Store("quarantine", "a record that was withheld, sealed", UNSELECTED, "emptied", "withheld_records"),
    Store("score", "place, reasons and facts of one run", UNSELECTED, "deleted", "scores"),
    Store(
        "network", "relations and periods around a case", UNSELECTED,
        "deleted; in cases of others the number and the periods are taken out", "no: the registers' rows say the same",
    ),
    Store(
        "inclusion", "the chance in a draw, and the place", f"the place: {UNSELECTED}; the chance stays (R5)",
        "the place is emptied; the number leads nowhere", "lists",
    ),
    Store("case", "a case on a list", ARCHIVE, "deleted", "lists"),
    Store("case_note", "notes of a review or an item", ARCHIVE, "deleted", "reviews, service_list"),
    Store("evidence", "documents of a review or an item, encrypted", ARCHIVE, "deleted",
          "reviews, service_list: names and digests"),
    Store("review_step", "steps of a review", ARCHIVE, "deleted", "reviews"),
    Store("finding", "findings", ARCHIVE, "deleted", "reviews"),
    Store("tip", "what somebody told, encrypted", f"{UNSELECTED}; of a case: {ARCHIVE}", "deleted", "reviews"),
    Store("contest", "what the client disputes, encrypted", ARCHIVE, "deleted", "contests"),
    Store("rescoring", "a contested case scored again", ARCHIVE, "deleted", "contests"),
    Store("hold", "a legal hold and its reason", f"{ARCHIVE}, from its lifting",
          "deleted; refused while it is in force", "holds: that it is there; the reason may be another's"),
    Store("restriction", "what is not told yet, and why", f"{ARCHIVE}, from its end",
          "deleted; refused while it is in force", "withheld: its law and end"),
    Store("service_item", "a case of the service list", f"{UNSELECTED}; looked into: {ARCHIVE}", "deleted",
          "service_list"),
    Store("service_round", "what was written about an item and sent back", ARCHIVE, "deleted", "service_list"),
    Store("rights_request", "whom a request is about, and its report, encrypted", "its term of a month; the row stays",
          "emptied: it ends with its answer", "readers: that it was asked"),
    Store("event", "the log: a case's number, no name", "kept: the log is proof (R15, R28)",
          "kept: the number leads nowhere", "readers"),
)  # fmt: skip
"""tables with rows about clients"""

FILES: tuple[Store, ...] = (
    Store("lake/.aside/*", "a publication that was broken off", "the next publication", "swept by the next publication",
          "no: nobody sees it"),
    Store("sealed/.aside/*", "a publication that was broken off", "the next publication",
          "swept by the next publication", "no: nobody sees it"),
    Store(LAKE, "what registers say", BENEFIT, "written anew without the person", "lake"),
    Store("sealed/*.sealed", "protected attributes, encrypted", BENEFIT, "written anew without the person",
          "protected"),
    Store("features/????-??-??/matrix.parquet", "what was computed for a list", UNSELECTED,
          "a new generation without the person", "features"),
    Store("features/*-????-??-??/matrix.parquet", "what was computed of reviewed cases, to learn from", ARCHIVE,
          "a new generation without the person", "features"),
    Store(LEFT_BEHIND, "what one piece of work left behind", DAY, "deleted", "no: it is made from what is told"),
    Store(UNLOADED, "tables read from a database, on their way in", DAY, "no: gone by then",
          "no: on their way into the lake"),
    Store(DELIVERIES, "files as they were delivered, and outcomes on their way back to the lake", DELIVERED,
          "those that the person's rows came from are deleted", "no: the lake says the same"),
)  # fmt: skip
"""files with rows about clients, below the home; the first pattern that fits counts"""

BACKUPS = Store(
    "backups",
    "everything above, as of a moment",
    "the days for backups; then a backup is deleted whole",
    "gone when the last backup from before the erasure expires",
    "no: a copy of what is told",
)

NO_CLIENT_TABLES: Mapping[str, str] = MappingProxyType(
    {
        "alembic_version": "which migrations ran",
        "delivery": "a file's hash, source and counts",
        "part": "which file of the lake holds what",
        "sealed_part": "which file of the sealed store holds what",
        "user": "staff",
        "grant": "staff",
        "session": "staff",
        "sign_in_attempt": "staff",
        "api_key": "a machine",
        "absence": "staff",
        "saved_filter": "staff",
        "policy_version": "a municipality's settings",
        "run": "one scoring of everybody, without persons",
        "draw": "counts and a hash of who took part",
        "seed_commitment": "a hash",
        "list_money": "sums of an arm of a list",
        "promotion": "a model",
        "promotion_approval": "a model",
        "adoption": "a model",
        "switch": "a municipality's ranking",
        "fairness_mandate": "a municipality's settings",
        "fairness_audit": "counts of groups of at least ten",
        "fairness_acceptance": "staff",
        "generation": "hashes and counts",
        "job": "what the worker has to do",
        "step": "how far the pipeline got, in counts",
    }
)
"""table -> what it holds instead"""

NO_CLIENT_FILES: Mapping[str, str] = MappingProxyType(
    {
        "*.db": "the database: its tables are named one by one",
        "*.db-wal": "the database, on its way to the file",
        "*.db-shm": "the database's own bookkeeping",
        "keys/*": "keys",
        "sealed/audit.pub": "the public half of a key",
        "checkpoints/*": "signed hashes of the log",
        "mlruns/*": "models and their papers; the proof looks for case numbers in it",
        "features/*/manifest.json": "hashes and rules of the generations",
        "proofs/*": "counts",
        "truth/*": "of the simulated province only",
        "outcomes.toml": "which outcomes count",
        "*.lock": "who has its turn",
        "lake/.lock": "who has its turn",
    }
)
"""pattern of files below the home -> what they hold instead"""


def store_of_file(name: str) -> Store | None:
    """The store of a file below the home; None for one that holds no client.

    Raises LookupError for a file that nobody wrote down.
    """
    if any(fnmatch(name, pattern) for pattern in NO_CLIENT_FILES):
        return None
    for store in FILES:
        if fnmatch(name, store.where):
            return store
    raise LookupError(f"{name} is in no place that pipelines/stores.py names; say there what it holds and when it goes")


def every() -> tuple[Store, ...]:
    return (*TABLES, *FILES, BACKUPS)


def rows_held(session: Session) -> dict[str, int]:
    """Table -> rows about clients that are there now; withheld records are those that still hold something."""
    tables = Base.metadata.tables
    found = {}
    for store in TABLES:
        query = select(func.count()).select_from(tables[store.where])
        if store.where == "quarantine":
            query = query.where(tables[store.where].c.sealed.is_not(None))
        found[store.where] = session.scalar(query) or 0
    return found


def files_held(settings: Settings) -> tuple[dict[str, int], list[str]]:
    """Pattern -> files that are there now, and the names of files that nobody wrote down."""
    found, strange = {store.where: 0 for store in FILES}, []
    for name in files_below(settings):
        try:
            store = store_of_file(name)
        except LookupError:
            strange.append(name)
            continue
        if store is not None:
            found[store.where] += 1
    return found, strange


def files_below(settings: Settings) -> Iterator[str]:
    """Every file below the home, and MLflow's wherever it is, as a name that the patterns know."""
    for path in sorted(settings.home.rglob("*")):
        if path.is_file() and settings.mlruns not in path.parents:
            yield path.relative_to(settings.home).as_posix()


def markdown() -> str:
    """The table of docs/rights.md."""
    lines = [
        "| place | what of a client | goes after | at an erasure | in the access report |",
        "|---|---|---|---|---|",
    ]
    for one in every():
        lines.append(f"| `{one.where}` | {one.holds} | {one.term} | {one.erased} | {one.told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
