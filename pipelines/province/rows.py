"""Arrow columns from the province's numbers: the canonical columns of each contract as a municipality receives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.province.addresses import STREETS_PER_NEIGHBOURHOOD, Addresses
from pipelines.province.months import NEVER, Days, Mask, Numbers, Reals
from pipelines.province.people import People
from pipelines.province.spells import Spells
from pipelines.province.world import World

_GIVEN_NAMES = (
    "Jan Maria Piet Anna Sjef Els Wiel Truus Hub Mia Lei Fien Jo Netty Frans Riet Math Annie Paul Ine Rob "
    "Karin Mark Sandra Tim Lisa Daan Emma Sem Julia Mohammed Fatima Ahmed Aisha Omar Samira Piotr Agnieszka "
    "Marek Ewa Yusuf Zeynep Mehmet Elif Dilan Amir Leila Tesfay Selam "
)
_GIVEN = _GIVEN_NAMES.split()
_FAMILY_NAMES = (
    "Janssen Peeters Hendriks Smeets Vrancken Crutzen Schmitz Houben Hermans Maessen Vaessen Willems Coenen "
    "Jacobs Theunissen Custers Meertens Gielen Geurts Franssen Lemmens Kusters Verstappen Timmermans Pluijmen "
    "Ramakers Sijben Kessels Beckers Bours Demir Yilmaz Kaya Celik Amrani Bennani Kowalski Nowak Haile Abdi "
    "Hassan Rahimi "
)
_FAMILY = _FAMILY_NAMES.split()
MAKES = ("VOLKSWAGEN", "OPEL", "PEUGEOT", "RENAULT", "FORD", "TOYOTA", "KIA", "FIAT", "BMW", "AUDI", "SKODA", "CITROEN")
MODELS = ("GOLF", "CORSA", "207", "CLIO", "FIESTA", "AYGO", "PICANTO", "PANDA", "320I", "A3", "OCTAVIA", "C3")
COUNTRIES = ("6030", "5022", "6043", "7003", "7044", "6020")
"""table 34, by origin"""
NATIONALITIES = ("0001", "0052", "0339", "0223", "0080", "0059")
"""table 32, by origin"""
_EPOCH_SECONDS = 86400


@dataclass(frozen=True)
class Rows:
    """Rows of one contract: delivered columns, the municipality each row is for, and when it could be known (seconds
    since 1970, UTC)."""

    contract: str
    municipality: Numbers
    known: Numbers
    columns: dict[str, Any]
    withdrawn: Mask | None = None

    def take(self, rows: Numbers) -> Rows:
        """Some of the rows, in the order given."""
        at = pa.array(rows)
        return Rows(
            self.contract,
            self.municipality[rows],
            self.known[rows],
            {name: column.take(at) for name, column in self.columns.items()},
            None if self.withdrawn is None else self.withdrawn[rows],
        )

    def __len__(self) -> int:
        return len(self.municipality)


def dates(days: Days, empty: Mask | None = None) -> Any:
    """DATE; NEVER and `empty` become null."""
    none = days >= NEVER if empty is None else (days >= NEVER) | empty
    return pa.array(np.where(none, 0, days).astype(np.int32), mask=none).view(pa.date32())


def pair(name: str, days: Days, empty: Mask | None = None) -> dict[str, Any]:
    """A date known in full: both bounds the same."""
    column = dates(days, empty)
    return {f"{name}_earliest": column, f"{name}_latest": column}


def whole(numbers: Any, empty: Mask | None = None) -> Any:
    """BIGINT; null where `empty`."""
    return pa.array(np.asarray(numbers, dtype=np.int64), mask=empty)


def words(choices: Sequence[str | None], index: Numbers) -> Any:
    """One of a few texts per row."""
    return pa.array(list(choices), pa.string()).take(pa.array(index))


def where(mask: Mask, column: Any) -> Any:
    """The column where the mask holds, null elsewhere."""
    return pc.if_else(pa.array(mask), column, pa.scalar(None, column.type))


def numbered(numbers: Numbers, width: int, prefix: str = "", suffix: str = "") -> Any:
    """Numbers as text of a fixed width.

    >>> numbered(np.array([7]), 3, "L").to_pylist()
    ['L007']
    """
    digits = np.char.zfill(numbers.astype(f"U{width}"), width)
    return pa.array(np.char.add(np.char.add(prefix, digits), suffix).tolist(), pa.string())


def seconds(days: Days, hour: int = 6) -> Numbers:
    """The moment in the morning of each day."""
    return np.minimum(days, NEVER) * _EPOCH_SECONDS + hour * 3600


class Register:
    """The texts that stand for people, dossiers and addresses; looked up once and taken by number."""

    def __init__(self, world: World, spells: Spells, people: People, addresses: Addresses, rng: np.random.Generator):
        self.codes = [one.code for one in world.municipalities]
        self.names_of_municipalities = [one.name for one in world.municipalities]
        self.bsn = numbered(people.bsn, 9)
        self.a_number = numbered(people.a_number, 10)
        self.dossier = numbered(spells.numbers, 7)
        family = rng.integers(0, len(_FAMILY), people.households)[people.household]
        given = rng.integers(0, len(_GIVEN), len(people))
        self.given = words(_GIVEN, given)
        self.family = words(_FAMILY, family)
        self.name = pa.array(np.char.add(np.array(_GIVEN)[given], np.char.add(" ", np.array(_FAMILY)[family])).tolist())
        self.account = accounts(100_000_000 + rng.permutation(len(spells) * 20)[: len(spells)])
        self._address_columns = self._addresses(addresses)

    def persons(self, people: Numbers) -> Any:
        """Numbers (BSN) of people."""
        return self.bsn.take(pa.array(people))

    def dossiers(self, cases: Numbers) -> Any:
        """Dossier numbers of cases."""
        return self.dossier.take(pa.array(cases))

    def address(self, field: str, addresses: Numbers) -> dict[str, Any]:
        """The flattened columns of an address field."""
        at = pa.array(addresses)
        return {f"{field}_{name}": column.take(at) for name, column in self._address_columns.items()}

    def _addresses(self, addresses: Addresses) -> dict[str, Any]:
        many = len(addresses)
        street = np.arange(int(addresses.street.max()) + 1)
        letters = np.array([chr(65 + i) for i in range(26) if chr(65 + i) not in "FIOQUY"])
        within = street % STREETS_PER_NEIGHBOURHOOD
        suffix = np.char.add(letters[within % 20], letters[(within * 7 + 3) % 20])
        postcode = np.char.add((6001 + street // STREETS_PER_NEIGHBOURHOOD).astype("U4"), suffix)
        letter = np.where(addresses.number % 17 == 0, 1, np.where(addresses.number % 23 == 0, 2, 0))
        code = np.array([int(code) for code in self.codes])[addresses.municipality]
        return {
            "street": pa.array(addresses.street_names()).take(pa.array(addresses.street)),
            "house_number": whole(addresses.number),
            "house_letter": words((None, "A", "B"), letter),
            "postcode": pa.array(postcode.tolist()).take(pa.array(addresses.street)),
            "city": words(self.names_of_municipalities, addresses.municipality),
            "bag_object": numbered(code * 10**12 + 10**10 + np.arange(many), 16),
            "municipality": words(self.codes, addresses.municipality),
        }


def accounts(numbers: Numbers) -> Any:
    """IBANs of a bank that does not exist (WGSM), with right check digits (ISO 13616).

    >>> accounts(np.array([1])).to_pylist()
    ['NL88WGSM0000000001']
    """
    bank = int("".join(str(ord(letter) - 55) for letter in "WGSM"))
    check = [98 - (bank * 10**16 + int(number) * 10**6 + 232100) % 97 for number in numbers]
    return pa.array([f"NL{c:02d}WGSM{int(n):010d}" for c, n in zip(check, numbers, strict=True)])


def reals(values: Reals) -> Any:
    """DOUBLE; NaN becomes null."""
    return pa.array(values, mask=np.isnan(values))
