"""`python -m orchestration.supply.bill PYTHON FILE`: an environment's bill of materials, with the lock's hashes."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name

from orchestration.supply.wheelhouse import LOCKS, MACHINES, Platform, pins
from sources.system.settings import PROJECT_ROOT

GENERATOR = Path(sys.executable).with_name("cyclonedx-py")


def write_bill(python: Path, file: Path) -> None:
    """Writes the bill of the environment of a Python: what is installed, and which files of it the lock allows.

    An environment does not remember the file that a package came from, so each package has the hashes of all files of
    its version that `requirements.lock` names. Raises CalledProcessError with the generator's words.
    """
    command = [str(GENERATOR), "environment", "--output-reproducible", str(python), "-o", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    bill = json.loads(file.read_bytes())
    here = Platform(f"{sys.version_info.major}.{sys.version_info.minor}", MACHINES[0])
    allowed = {canonicalize_name(pin.requirement.name): pin for pin in pins(PROJECT_ROOT / LOCKS["run"], here)}
    for component in bill["components"]:
        pin = allowed.get(canonicalize_name(component["name"]))
        if pin and pin.requirement.specifier.contains(component["version"]):
            hashes = [{"alg": "SHA-256", "content": each} for each in pin.hashes]
            origin = {"type": "distribution", "url": LOCKS["run"], "comment": "files of the lock", "hashes": hashes}
            component["externalReferences"] = [*component.get("externalReferences", []), origin]
    file.write_text(json.dumps(bill, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orchestration.supply.bill", description=__doc__)
    parser.add_argument("python", type=Path)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    given.file.parent.mkdir(exist_ok=True)
    write_bill(given.python, given.file)
    print(given.file)


if __name__ == "__main__":
    main()
