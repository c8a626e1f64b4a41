"""`python -m orchestration.supply.known_weak LOCK`: what the index knows to be weak of what a lock installs."""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
AUDITOR = Path(sys.executable).with_name("pip-audit")
ASKED = ("--require-hashes", "--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json")


@dataclass(frozen=True, slots=True)
class WeakPackages:
    """What the index says of a lock: `weak` packages, one line each; how many it `knows`; why nobody `answered`."""

    weak: tuple[str, ...]
    knows: int
    unanswered: str = ""


def weak_packages(lock: Path) -> WeakPackages:
    """Asks the index that pip-audit asks. No index, or one that knows nothing of these packages, is no answer."""
    try:
        done = subprocess.run(
            [str(AUDITOR), "-r", str(lock), *ASKED, "--timeout", "10"], capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return WeakPackages((), 0, f"the index has not answered within {SECONDS} seconds")
    try:
        asked = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return WeakPackages((), 0, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
    known = [each for each in asked if "skip_reason" not in each]
    if not known:
        return WeakPackages((), 0, next((each["skip_reason"] for each in asked), "the lock has no packages"))
    weak = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for each in known
        for one in each["vulns"]
    ]
    return WeakPackages(tuple(weak), len(known))


def main() -> None:
    """Ends with 1 where a package is weak; with 0, and why in words, where nobody answers."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.supply.known_weak", description=__doc__)
    parser.add_argument("lock", type=Path)
    found = weak_packages(parser.parse_args().lock)
    if found.unanswered:
        print(f"Not audited: {found.unanswered}")
    else:
        print(f"{found.knows} packages known to the index, {len(found.weak)} weak", *found.weak, sep="\n")
    raise SystemExit(1 if found.weak else 0)


if __name__ == "__main__":
    main()
