"""The vault: random numbers in the place of people, addresses and dossiers, and what each number stands for.

A number is found by a keyed HMAC of what identifies it; what it stands for is encrypted with a key of its own, which
the master key wraps. Deleting that one row forgets the person. Reading is logged first, and fails without the log
(R14).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from enforcement.database import reading
from enforcement.keys import KeyFileError, Keys
from enforcement.tables import Identity, Lookup

NONCE = 12
AT_ONCE = 5_000
"""numbers in one query"""
REMEMBERED = 500_000
"""known names that are kept while one publication is numbered; those of a whole country are looked up again instead"""
_text = json.encoder.encode_basestring

_IDENTITY = cast(Table, Identity.__table__)
_LOOKUP = cast(Table, Lookup.__table__)
_ASKED = tuple(f"d{place}" for place in range(500))
"""parameters of one look-up"""

Log = Callable[..., None]
Fact = tuple[str, int, str]
"""text, authority (higher holds), ISO moment it was known"""


class RevealRefusedError(Exception):
    """Personal data were asked for and not given."""


@dataclass
class _Known:
    kind: str
    names: list[str]
    facts: dict[str, Fact]
    key: bytes


class Vault:
    """Finds, numbers and reveals identities. `seed` makes the numbers a function of what they stand for: only for the
    simulated province, where nobody is real and two fresh worlds must be equal."""

    def __init__(self, engine: Engine, keys: Keys, *, log: Log | None = None, seed: int | None = None) -> None:
        self.engine = engine
        self._master = AESGCM(keys.master)
        self._lookup = hmac.new(keys.lookup, digestmod="sha256")
        self._log = log
        self._seed = seed
        asked = _LOOKUP.c.hmac.in_([bindparam(name) for name in _ASKED])
        self._asks: Any = select(_LOOKUP.c.hmac, _LOOKUP.c.identity_id).where(asked).compile(dialect=engine.dialect)

    def prove(self) -> None:
        """Raises KeyFileError when the vault was locked with another master or look-up key: with the wrong look-up key
        everyone would get a second number."""
        with reading(self.engine) as session:
            first = session.execute(select(Identity.id).where(Identity.kind != "case").limit(1)).scalar()
        if first is None:
            return
        known = self._opened([first])[first]
        if self.find(known.kind, known.names[0]) != first:
            raise KeyFileError("the look-up key does not lead into this vault; restore the key it was made with")

    def allocation(self) -> Allocation:
        """What one publication will add; nothing is written before `Allocation.save`."""
        return Allocation(self)

    def find(self, kind: str, name: str, municipality: str = "") -> int | None:
        """The number of what `name` identifies, None where it is unknown."""
        digest = self.digest(kind, name, municipality)
        return self.known([digest]).get(digest)

    def digest(self, kind: str, name: str, municipality: str = "") -> bytes:
        """HMAC-SHA256 of 'kind:municipality:name'; dossier numbers count within a municipality only."""
        return self.digests(kind, [name], municipality)[name]

    def digests(self, kind: str, names: Iterable[str], municipality: str = "") -> dict[str, bytes]:
        """The same for many names. The key is put in once and not for every name: millions are looked up in a night."""
        begun = self._lookup.copy()
        begun.update(f"{kind}:{municipality}:".encode())
        found = {}
        for name in names:
            one = begun.copy()
            one.update(name.encode())
            found[name] = one.digest()
        return found

    def known(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """Those of `digests` that have a number."""
        found: dict[bytes, int] = {}
        asks = str(self._asks)
        with self.engine.connect() as connection:
            for some in _chunks(digests, len(_ASKED)):
                # always as many, so that the text is made once; straight to the driver, which takes bytes as they are
                values = [*some, *repeat(some[0], len(_ASKED) - len(some))]
                given = dict(zip(_ASKED, values, strict=True)) if self._asks.positiontup is None else tuple(values)
                rows = connection.exec_driver_sql(asks, given)
                found.update((bytes(digest), number) for digest, number in rows.all())
        return found

    def reveal(self, ids: Iterable[int], purpose: str, actor: str) -> dict[int, dict[str, Any]]:
        """What the numbers stand for: `kind`, `names` (what identifies it) and its facts. Unknown numbers are left out.

        The log is called first with `actor`, `purpose` and `ids`. Raises RevealRefusedError without a purpose, an
        actor or a log that took the entry; nothing is decrypted then (R14).
        """
        wanted = sorted(set(ids))
        if not purpose or not actor:
            raise RevealRefusedError("personal data are shown to someone, for a purpose: both must be given")
        if self._log is None:
            raise RevealRefusedError("there is no log to write this reading to, so nothing is shown")
        try:
            self._log(actor=actor, purpose=purpose, ids=wanted)
        except Exception as error:
            raise RevealRefusedError("the log did not take the entry, so nothing is shown") from error
        return {
            number: {"kind": known.kind, "names": known.names, **{name: fact[0] for name, fact in known.facts.items()}}
            for number, known in self._opened(wanted).items()
        }

    def _opened(self, ids: Sequence[int]) -> dict[int, _Known]:
        opened: dict[int, _Known] = {}
        with reading(self.engine) as session:
            for some in _chunks(ids):
                columns = select(Identity.id, Identity.kind, Identity.key, Identity.payload)
                for row in session.execute(columns.where(Identity.id.in_(some))):
                    key = self._unwrap(row.id, row.key)
                    plain = json.loads(AESGCM(key).decrypt(row.payload[:NONCE], row.payload[NONCE:], _about(row.id)))
                    facts = {name: (text, rank, at) for name, (text, rank, at) in plain["facts"].items()}
                    opened[row.id] = _Known(row.kind, plain["names"], facts, key)
        return opened

    def _unwrap(self, number: int, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(wrapped[:NONCE], wrapped[NONCE:], _about(number))
        except InvalidTag as error:
            raise KeyFileError("the master key does not open this vault; restore the key it was made with") from error

    def _locked(self, number: int, payload: bytes, key: bytes = b"") -> tuple[bytes, bytes]:
        """Wrapped key and payload, under a key of its own when none is given. A nonce never serves twice: each payload
        and each wrapping draws its own."""
        fresh = os.urandom(32 + 2 * NONCE)
        key = key or fresh[:32]
        wrapping, nonce = fresh[32 : 32 + NONCE], fresh[32 + NONCE :]
        about = _about(number)
        return (
            wrapping + self._master.encrypt(wrapping, key, about),
            nonce + AESGCM(key).encrypt(nonce, payload, about),
        )

    def _number(self, kind: str, name: str, municipality: str) -> int:
        """63 random bits; seeded, the same bits for the same name in every world of that seed."""
        if self._seed is None:
            drawn = os.urandom(8)
        else:
            drawn = hashlib.blake2b(f"{self._seed}:{kind}:{municipality}:{name}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn, "big") >> 1


def locked_before(engine: Engine) -> bool:
    """Whether the vault holds anyone: then its keys must be found, and new ones would be the wrong ones."""
    with reading(engine) as session:
        return session.execute(select(Identity.id).limit(1)).first() is not None


class Allocation:
    """Numbers for what one publication names: known ones found again, new ones drawn, facts learnt on the way."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._new: dict[int, str] = {}
        """kind by number"""
        self._lookups: dict[bytes, int] = {}
        self._learnt: dict[int, dict[str, Fact]] = {}
        self._named: dict[int, tuple[str, ...]] = {}
        self._drawn: dict[tuple[str, str], dict[str, int]] = {}
        """new name -> number, per (kind, municipality)"""
        self._known: dict[tuple[str, str], dict[str, int]] = {}
        """known name -> number: a name is looked up once, in however many files it stands, unless they are too many"""

    def numbers(self, kind: str, wanted: Sequence[Sequence[str]], municipality: str = "") -> list[int]:
        """One number for each of `wanted`; each is a list of names of one and the same thing, the most authoritative
        first (BAG object before postcode and number, BSN before A-nummer). The first name that is known decides; names
        that are not known yet will lead to the same number from now on."""
        drawn = self._drawn.setdefault((kind, municipality), {})
        known = self._known.setdefault((kind, municipality), {})
        if len(known) > REMEMBERED:
            known.clear()
        unseen = {name for names in wanted for name in names} - drawn.keys() - known.keys()
        digests = self._vault.digests(kind, unseen, municipality)
        found = self._vault.known(sorted(digests.values()))
        known.update({name: found[digest] for name, digest in digests.items() if digest in found})
        numbers = []
        for names in wanted:
            for name in names:
                number = known.get(name)
                if number is None:
                    number = drawn.get(name)
                if number is not None:
                    break
            else:
                number = self._vault._number(kind, names[0], municipality)
                self._new[number] = kind
            for name in names:
                if name not in known and name not in drawn:
                    drawn[name] = self._lookups[digests[name]] = number
                    self._named[number] = (*self._named.get(number, ()), name)
            numbers.append(number)
        return numbers

    def learn(self, number: int, facts: Mapping[str, str], *, authority: int, known_at: str) -> None:
        """Keep facts (name, street, ...) with an identity. Of two, the one of higher authority holds, then the later
        known, then the larger text: whatever the order in which they come."""
        mine = self._learnt.setdefault(number, {})
        for name, text in facts.items():
            fact = (text, authority, known_at)
            if name not in mine or _rank(fact) > _rank(mine[name]):
                mine[name] = fact

    @property
    def new(self) -> int:
        return len(self._new)

    def save(self, session: Session) -> None:
        """Write in the caller's transaction. Raises sqlalchemy IntegrityError when someone else numbered the same
        thing meanwhile: publish again."""
        touched = self._named.keys() | self._learnt.keys()
        change = update(_IDENTITY).where(_IDENTITY.c.id == bindparam("of"))
        changed = list(self._changed(touched - self._new.keys()))
        _execute_many(session, insert(_IDENTITY), ("id", "kind", "key", "payload"), self._fresh())
        _execute_many(session, insert(_LOOKUP), ("hmac", "identity_id"), sorted(self._lookups.items()))
        _execute_many(session, change, ("of", "key", "payload"), changed)

    def _fresh(self) -> Iterator[tuple[int, str, bytes, bytes]]:
        """The rows of new identities, made one by one: a million of them are never held at once."""
        for number, kind in sorted(self._new.items()):
            payload = _payload(sorted(self._named[number]), self._learnt.get(number, {}))
            yield number, kind, *self._vault._locked(number, payload)

    def _changed(self, touched: Iterable[int]) -> Iterator[tuple[int, bytes, bytes]]:
        """Known identities of which something new was learnt. Some are open at a time: a benefit file names again
        everyone that it named before."""
        for some in _chunks(sorted(touched)):
            for number, known in sorted(self._vault._opened(some).items()):
                if self._grown(number, known):
                    yield number, *self._vault._locked(number, _payload(known.names, known.facts), known.key)

    def _grown(self, number: int, known: _Known) -> bool:
        """Add what was learnt; whether that says anything new."""
        grown = number in self._named
        if grown:
            known.names = sorted({*known.names, *self._named[number]})
        for name, fact in self._learnt.get(number, {}).items():
            if name not in known.facts or _rank(fact) > _rank(known.facts[name]):
                known.facts[name] = fact
                grown = True
        return grown


def _payload(names: Iterable[str], facts: Mapping[str, Fact]) -> bytes:
    """JSON {names, facts}, put together here: an encoder for each of a million takes longer than encrypting."""
    told = ",".join(
        [
            f"{_text(name)}:[{_text(text)},{authority},{_text(known_at)}]"
            for name, (text, authority, known_at) in facts.items()
        ]
    )
    return f'{{"names":[{",".join(map(_text, names))}],"facts":{{{told}}}}}'.encode()


def _execute_many(session: Session, statement: Any, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Straight to the driver: numbers and bytes need no conversion, and converting half a million rows takes longer
    than encrypting them. `names` are the parameters of `statement` in the order of each row."""
    connection = session.connection()
    compiled = statement.compile(dialect=connection.dialect, column_keys=names)
    asked = compiled.positiontup
    places = [names.index(name) for name in asked or ()]
    for some in _chunks(rows):
        if asked is None:
            connection.exec_driver_sql(str(compiled), [dict(zip(names, row, strict=True)) for row in some])
        elif tuple(asked) == names:
            connection.exec_driver_sql(str(compiled), list(some))
        else:
            connection.exec_driver_sql(str(compiled), [tuple(row[place] for place in places) for row in some])


def _about(number: int) -> bytes:
    """Associated data: a payload moved to another number does not open."""
    return number.to_bytes(8, "big")


def _rank(fact: Fact) -> tuple[int, str, str]:
    text, authority, known_at = fact
    return authority, known_at, text


def _chunks(things: Iterable[Any], size: int = AT_ONCE) -> Iterable[Sequence[Any]]:
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
