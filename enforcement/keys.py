"""The three keys: one wraps the vault, one looks people up, one opens the sealed store.

Each is 32 bytes, from the environment (base64) or from a file that only its owner can read. A key that is lost makes
what it encrypted unreadable for good: keep a copy apart from the data's backups.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NAMES = ("master", "lookup", "sealed")
LENGTH = 32


class KeyFileError(Exception):
    """A key is absent, too short, or readable by others. The message says which and what to do."""


@dataclass(frozen=True)
class Keys:
    """32 bytes each; never printed."""

    master: bytes = field(repr=False)
    lookup: bytes = field(repr=False)
    sealed: bytes = field(repr=False)

    @classmethod
    def read(cls, folder: Path, *, create: bool = True) -> Keys:
        """Keys from WEEGSCHAAL_MASTER_KEY, WEEGSCHAAL_LOOKUP_KEY and WEEGSCHAAL_SEALED_KEY, else from
        `folder`/<name>.key. A key that is in neither place is made, with a warning on stderr, when `create`.

        Raises KeyFileError.
        """
        return cls(**{name: key_named(name, folder, create=create) for name in NAMES})


def cipher_for(keys: Keys, use: str) -> AESGCM:
    """A cipher with a key of its own for one use, derived from the master key (HKDF, RFC 5869)."""
    return AESGCM(HKDF(hashes.SHA256(), 32, None, f"weegschaal {use}".encode()).derive(keys.master))


def key_named(name: str, folder: Path, *, create: bool) -> bytes:
    """The 32 bytes of one key, from WEEGSCHAAL_<NAME>_KEY or `folder`/<name>.key. Raises KeyFileError."""
    variable = f"WEEGSCHAAL_{name.upper()}_KEY"
    given = os.environ.get(variable)
    if given is not None:
        return _decoded(given, variable)
    path = folder / f"{name}.key"
    if not path.exists():
        if not create:
            raise KeyFileError(f"{path} is absent; restore it from its escrow, or set {variable}")
        _make(path)
        sys.stderr.write(
            f"weegschaal: made a new {name} key in {path}. Without it the data cannot be read: keep a copy apart.\n"
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyFileError(f"{path} has mode {mode:04o}; only its owner may read it: chmod 600 {path}")
    return _decoded(path.read_text(encoding="ascii", errors="replace"), str(path))


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyFileError(f"{where} is not base64; it must be {LENGTH} random bytes in base64") from error
    if len(key) != LENGTH:
        raise KeyFileError(f"{where} holds {len(key)} bytes; it must be {LENGTH} random bytes in base64")
    return key


def _make(path: Path) -> None:
    """Written aside and linked, so that a reader never sees half a key and two starters agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(LENGTH)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
