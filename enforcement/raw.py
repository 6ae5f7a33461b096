"""Quarantined records as they came: encrypted with the master key, tied to where they stood."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from enforcement.keys import Keys

NONCE = 12


def lock(keys: Keys, delivery: str, at: str, raw: str) -> bytes:
    """`raw` of delivery `delivery` at `at`, encrypted."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(keys.master).encrypt(nonce, raw.encode("utf-8", "backslashreplace"), _about(delivery, at))


def unlock(keys: Keys, delivery: str, at: str, sealed: bytes) -> str:
    """The record again. Raises cryptography's InvalidTag with another key or place."""
    return AESGCM(keys.master).decrypt(sealed[:NONCE], sealed[NONCE:], _about(delivery, at)).decode()


def _about(delivery: str, at: str) -> bytes:
    return f"{delivery}:{at}".encode("utf-8", "backslashreplace")
