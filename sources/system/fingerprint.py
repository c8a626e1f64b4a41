"""Fingerprints: short names for what something holds, which change with it. The only place that hashes."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel


def fingerprint(declarations: Iterable[BaseModel], *texts: str) -> str:
    """Twelve hex digits that change whenever any of the declarations (or texts) does."""
    dumped = [declaration.model_dump(mode="json") for declaration in declarations]
    text = json.dumps([dumped, texts], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
