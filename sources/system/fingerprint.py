"""Fingerprints: short names for what something holds, which change with it. The only place that hashes.

Many of them are kept: in archives, in notes of runs, in ledgers of what was told. Whoever changes one of these
functions makes everything look changed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

READ_AT_ONCE = 1 << 20


def fingerprint(declarations: Iterable[BaseModel], *texts: str) -> str:
    """Twelve hex digits that change whenever any of the declarations (or texts) does."""
    dumped = [declaration.model_dump(mode="json") for declaration in declarations]
    return sha256_of(json.dumps([dumped, texts], ensure_ascii=False, sort_keys=True))[:12]


def sha256_of(*parts: bytes | str) -> str:
    """The hash of the parts, one after the other, as 64 hex digits; texts as UTF-8."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_start(path: Path, size: int) -> str:
    """The hash of the first `size` bytes of a file, or of all when it has fewer."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (part := file.read(min(size, READ_AT_ONCE))):
            digest.update(part)
            size -= len(part)
    return digest.hexdigest()


def signature_of(text: str, key: str) -> str:
    """The text, signed with a secret: HMAC-SHA256, in Base64."""
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()
