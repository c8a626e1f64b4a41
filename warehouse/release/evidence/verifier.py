"""The program that checks a release without us, and the public key that it checks with, as files of a release."""

import shutil
from pathlib import Path

VERIFIER, PUBLIC_KEY = "verify_release.py", "public_key.pem"


def write_verifier(folder: Path, public_line: str | None) -> list[Path]:
    """Puts verify_release.py into a release's folder, and the bureau's public key where one is declared."""
    written = [folder / VERIFIER]
    shutil.copyfile(Path(__file__).with_name(VERIFIER), written[0])
    if public_line:
        written.append(folder / PUBLIC_KEY)
        written[1].write_text(pem_of(public_line), encoding="ascii", newline="\n")
    return written


def pem_of(public_line: str) -> str:
    """A public key as the file that openssl takes."""
    return f"-----BEGIN PUBLIC KEY-----\n{public_line}\n-----END PUBLIC KEY-----\n"
