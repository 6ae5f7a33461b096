"""What everybody may close and only the audit can open: X25519, HKDF-SHA256 and AES-GCM (R10).

The store keeps the public half beside its files. The private half is a key file of its own, which the audit reads and
nothing else: a process that takes data in, makes a matrix or trains has no use for it and needs no copy of it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from enforcement.keys import KeyFileError, key_named

NAME = "audit"
"""keys/audit.key, or WEEGSCHAAL_AUDIT_KEY"""
ABOUT = b"weegschaal protected attributes 1"
NONCE = 12
PUBLIC = 32


def public_half(store: Path, keys: Path) -> bytes:
    """The 32 bytes to close with, from the store's folder; the pair is made when there is none yet."""
    path = store / "audit.pub"
    if not path.exists():
        private = X25519PrivateKey.from_private_bytes(key_named(NAME, keys, create=True))
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = store / f".audit.pub.{secrets.token_hex(8)}"
        aside.write_bytes(private.public_key().public_bytes_raw())
        aside.replace(path)
    public = path.read_bytes()
    if len(public) != PUBLIC:
        raise KeyFileError(f"{path} holds {len(public)} bytes; it must be the {PUBLIC} bytes of a public key")
    return public


def private_half(keys: Path) -> bytes:
    """The 32 bytes to open with. Raises KeyFileError where the audit's key is not kept."""
    return key_named(NAME, keys, create=False)


def close(public: bytes, plain: bytes) -> bytes:
    """`plain` closed for the holder of the private half; every time with a key of its own."""
    once = X25519PrivateKey.generate()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    mine = once.public_key().public_bytes_raw()
    nonce = os.urandom(NONCE)
    return mine + nonce + _cipher(shared, mine, public).encrypt(nonce, plain, ABOUT)


def opened(private: bytes, closed: bytes) -> bytes:
    """What was closed. Raises KeyFileError with another key."""
    key = X25519PrivateKey.from_private_bytes(private)
    theirs, nonce, rest = closed[:PUBLIC], closed[PUBLIC : PUBLIC + NONCE], closed[PUBLIC + NONCE :]
    shared = key.exchange(X25519PublicKey.from_public_bytes(theirs))
    try:
        return _cipher(shared, theirs, key.public_key().public_bytes_raw()).decrypt(nonce, rest, ABOUT)
    except InvalidTag as error:
        raise KeyFileError("the audit's key does not open the protected attributes; restore the key it had") from error


def _cipher(shared: bytes, theirs: bytes, public: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=ABOUT + theirs + public).derive(shared))
