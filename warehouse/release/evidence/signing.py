"""The bureau's key and its signature under a release's manifest: Ed25519, in files that openssl reads and writes too.

The private key is made, kept and used away from the installation. Its public half is one line, as a PEM file has it,
and is declared in publication.yml; so the manifest names it, and a release says by which key it means to be signed.
"""

import base64
import os
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sources.system.faults import ToldError

Signed = Literal["valid", "none", "broken"]


class KeyFileError(ToldError):
    """A key cannot be made, read or used as asked."""


def make_key(path: Path, passphrase: str) -> str:
    """Writes a new private key, which nobody else may read, and returns its public half.

    Raises KeyFileError when there is a file already: a key that is lost cannot be made again.
    """
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption(),
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(f"{path} 已经存在，没有覆盖：私钥丢了不能重做。请换一个文件名") from None
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return public_line(key)


def read_key(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """Raises KeyFileError for a file that is no such key, and for a passphrase that does not open it."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path} 打不开：口令不对，或不是 nianbao new-key 写出的私钥文件") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} 不是 Ed25519 的私钥；请用 nianbao new-key 另做一个")
    return key


def is_locked(path: Path) -> bool:
    """Whether a key's file asks for a passphrase."""
    return b"ENCRYPTED" in path.read_bytes()


def public_line(key: Ed25519PrivateKey) -> str:
    """The public half as the one line between the first and the last of its PEM file."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sign(key: Ed25519PrivateKey, manifest: Path, signature: Path, declared: str | None) -> None:
    """Writes the signature of a manifest's bytes.

    Raises KeyFileError when the release names another key, or none: readers would not accept the signature.
    """
    if declared != (ours := public_line(key)):
        said = f"这个版本写明的公钥是 {declared}" if declared else "这个版本没有写明公钥"
        raise KeyFileError(
            f"{said}，这把私钥的公钥是 {ours}，没有签名。请核对私钥文件；"
            "是新的钥匙，先写入城市文件夹的 publication.yml（signing_key），再发布一版"
        )
    signature.write_bytes(key.sign(manifest.read_bytes()))


def how_signed(manifest: Path, signature: Path, declared: str | None) -> Signed:
    """Whether a manifest bears the signature of the key that it names."""
    if not signature.is_file():
        return "none"
    if declared is None:
        return "broken"
    key = serialization.load_der_public_key(base64.b64decode(declared))
    assert isinstance(key, Ed25519PublicKey)  # the declaration takes no other
    try:
        key.verify(signature.read_bytes(), manifest.read_bytes())
    except InvalidSignature:
        return "broken"
    return "valid"


def hand_over(old: Ed25519PrivateKey, new: str) -> str:
    """The old key's signature under the statement that the new one takes its place, for publication.yml."""
    return base64.b64encode(old.sign(statement(public_line(old), new))).decode()


def statement(old: str, new: str) -> bytes:
    """What an old key signs when another takes its place; verify_release.py says it the same."""
    return f"nianbao key change\n{old}\n{new}\n".encode()
