"""What would change a place: single facts that the client or the municipality can correct, each tried by rescoring.

Only a correction that lowers the place is told, and only facts of which the declaration says in which direction they
work, so that nobody is told to make something worse (statistics.md, Explanations).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.candidate import FeatureLike, Fitted, Floats

MOST = 3
"""corrections told of one case"""


@dataclass(frozen=True)
class Correction:
    """One fact that can be corrected: its features go to nothing, and what they held is added elsewhere."""

    name: str
    by: Literal["client", "municipality"]
    """who can have it corrected"""
    cleared: tuple[str, ...]
    """features that go to their fill; all declared as "more can only raise the place" """
    nl: str
    en: str
    moved: tuple[tuple[str, str], ...] = ()
    """(feature, the cleared feature whose value is added to it)"""


CORRECTIONS = (
    Correction(
        "income_declared",
        "client",
        ("income_gap_3m", "income_gap_12m", "gap_months_12m", "largest_gap_12m", "undeclared_share_12m"),
        "Het geregistreerde inkomen van de laatste 12 maanden is geheel opgegeven, of door de werkgever verbeterd.",
        "The income registered over the last 12 months is declared in full, or corrected by the employer.",
        (
            ("declared_income_3m", "income_gap_3m"),
            ("declared_income_12m", "income_gap_12m"),
            ("agreed_months_12m", "gap_months_12m"),
        ),
    ),
    Correction(
        "sharers_counted",
        "municipality",
        ("uncounted_sharers", "norm_above_registered"),
        "De norm houdt rekening met iedereen die op het adres staat ingeschreven.",
        "The norm counts everybody who is registered at the address.",
    ),
    Correction(
        "adults_registered_elsewhere",
        "client",
        ("other_adults", "adults_joined_12m", "uncounted_sharers", "norm_above_registered", "kin_27_at_home"),
        "De inschrijving van de andere volwassenen op het adres is verbeterd: zij wonen ergens anders.",
        "The registration of the other adults at the address is corrected: they live elsewhere.",
    ),
    Correction(
        "one_household_address",
        "client",
        ("household_addresses",),
        "De partners in de zaak staan op hetzelfde adres ingeschreven.",
        "The partners in the case are registered at the same address.",
    ),
    Correction(
        "address_known",
        "client",
        ("address_unknown",),
        "De verblijfplaats van de klant staat weer in de basisregistratie.",
        "The client's place of residence is in the registry again.",
    ),
    Correction(
        "registered_here",
        "client",
        ("other_municipality",),
        "De klant staat ingeschreven in de gemeente die de uitkering betaalt.",
        "The client is registered in the municipality that pays the benefit.",
    ),
    Correction(
        "home_address",
        "client",
        ("letter_address",),
        "De klant staat op een woonadres ingeschreven in plaats van op een briefadres.",
        "The client is registered at a home address instead of a letter address.",
    ),
    Correction(
        "not_departed",
        "client",
        ("departed",),
        "De opschorting wegens vertrek is verbeterd.",
        "The suspension because of departure is corrected.",
    ),
    Correction(
        "partner_registered",
        "municipality",
        ("partner_outside_case", "couple_norm_alone"),
        "De gegevens over een partner in de basisregistratie en in de zaak zijn gelijk gemaakt.",
        "The data on a partner in the registry and in the case are made equal.",
    ),
    Correction(
        "former_partner_elsewhere",
        "client",
        ("former_partner_here",),
        "De inschrijving van de ex-partner op het adres is verbeterd.",
        "The registration of the former partner at the address is corrected.",
    ),
    Correction(
        "vehicles_off_name",
        "client",
        ("vehicles", "young_vehicles", "catalogue_value"),
        "Voertuigen die niet meer van de klant zijn, staan niet meer op naam.",
        "Vehicles that are no longer the client's are no longer registered to them.",
    ),
    Correction(
        "company_closed",
        "client",
        ("companies_owned", "own_company_at_home", "company_staff"),
        "Een bedrijf dat is gestopt, is uitgeschreven uit het handelsregister.",
        "A company that has stopped is removed from the trade register.",
    ),
    Correction(
        "post_ended",
        "client",
        ("directorships",),
        "Een functie die is neergelegd, is uitgeschreven uit het handelsregister.",
        "A post that was laid down is removed from the trade register.",
    ),
    Correction(
        "other_company_elsewhere",
        "client",
        ("other_company_at_home",),
        "Een bedrijf van een ander is niet meer op het woonadres ingeschreven.",
        "A company of somebody else is no longer registered at the home address.",
    ),
)
"""Income that was earned, signals, moves and earlier reviews are no corrections: nobody can undo them."""


def would_lower(
    model: Fitted,
    X: Floats,  # noqa: N803
    features: Mapping[str, FeatureLike],
    municipality: NDArray[np.str_],
    ties: NDArray[np.uint64],
    *,
    margin: Floats | None = None,
    corrections: Sequence[Correction] = CORRECTIONS,
) -> list[list[dict[str, Any]]]:
    """Per row of X, (n, p), at most MOST corrections that lower its place, the one that lowers it most first.

    Each: name, by, nl, en, features, and `place`: where the case would stand among the others as they are. A place is
    within the municipality, 1 first; `ties` are the keys that broke ties when X was scored. Raises NotFiniteError.
    """
    before = model.margin(X) if margin is None else margin
    here = _place_among(before, municipality, ties, before, np.arange(len(X)))
    found: list[list[tuple[int, float, dict[str, Any]]]] = [[] for _ in range(len(X))]
    for one in corrections:
        rows, corrected = corrected_rows(one, model.names, X, features)
        if not len(rows):
            continue
        after = model.margin(corrected)
        place = _place_among(before, municipality, ties, after, rows)
        for row, at, margin_after in zip(rows.tolist(), place.tolist(), after.tolist(), strict=True):
            if margin_after < before[row] and at > here[row]:
                said = {"name": one.name, "by": one.by, "nl": one.nl, "en": one.en}
                changed = [name for name in one.cleared if name in model.names]
                found[row].append((-at, margin_after, said | {"features": changed, "place": at}))
    return [[said for _, _, said in sorted(each, key=lambda entry: entry[:2])[:MOST]] for each in found]


def corrected_rows(
    one: Correction,
    names: Sequence[str],
    X: Floats,  # noqa: N803
    features: Mapping[str, FeatureLike],
) -> tuple[NDArray[np.int64], Floats]:
    """Which rows of X have something to correct, and these rows as they would be then.

    Raises ValueError when a feature to be cleared is not declared as one that can only raise the place.
    """
    at = {name: column for column, name in enumerate(names)}
    there = [name for name in one.cleared if name in at]
    free = [name for name in there if features[name].direction != 1]
    if free:
        raise ValueError(f"correction {one.name} clears {', '.join(free)}, of which more may lower a place")
    if not there:
        return np.empty(0, dtype=np.int64), np.empty((0, len(names)))
    columns = [at[name] for name in there]
    fill = np.array([features[name].fill for name in there])
    rows = np.flatnonzero((X[:, columns] > fill).any(axis=1))
    corrected = X[rows].copy()
    for target, source in one.moved:
        if target in at and source in at:
            corrected[:, at[target]] += X[rows, at[source]]
    corrected[:, columns] = np.minimum(corrected[:, columns], fill)
    return rows, corrected


def _place_among(
    margin: Floats, municipality: NDArray[np.str_], ties: NDArray[np.uint64], own: Floats, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(rows,) the place of each row with margin `own` among all other rows of its municipality as they are."""
    _, town = np.unique(municipality, return_inverse=True)
    group = np.concatenate((town, town[rows]))
    moved = np.concatenate((np.zeros(len(margin), dtype=np.int64), np.ones(len(rows), dtype=np.int64)))
    values, keys = np.concatenate((margin, own)), np.concatenate((ties, ties[rows]))
    order = np.lexsort((moved, keys, -values, group))
    earlier = np.empty(len(order), dtype=np.int64)
    earlier[order] = np.cumsum(1 - moved[order])
    first = np.concatenate(([0], np.cumsum(np.bincount(town))))[town[rows]]
    itself = own <= margin[rows]
    return np.asarray(earlier[len(margin) :] - first - itself + 1, dtype=np.int64)
