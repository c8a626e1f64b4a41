"""核对一个发布版本：签名、文件、数字、合计。只用 Python 标准库和 cryptography（核对签名），不用 nianbao 的程序。
用法：python verify_release.py [版本的文件夹] [--key 公钥文件]
公钥请从教育局另外告知的地方取得；不给时用版本自己写明的公钥，那只能说明文件在签名之后没有改动。
返回码：0 全部相符，签名有效；1 有不符；2 内容彼此相符，但没有签名，或签名没有核对。
"""

import argparse
import base64
import csv
import hashlib
import json
import re
import zipfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ON_PAGE = re.compile(r'<(?:a|strong)\b[^>]* data-fact="([^"]*)" data-unit="([^"]*)"[^>]*>([^<]*)<')
found: list[str] = []


def expect(place: str, expected: object, seen: object) -> None:
    if expected != seen:
        found.append(f"{place}：应为 {expected}，实际是 {seen}。请重新取得整个版本；还不符，请勿采用，并告诉教育局。")


def check_signature(folder: Path, given: Path | None) -> str:
    """What there is to say of the signature. An old key leads to the present one by what each signed of the next."""
    manifest, signature = (folder / "manifest.json").read_bytes(), folder / "manifest.json.sig"
    if not given and not signature.exists():
        return "没有签名：只核对了文件彼此是否相符，不能说明它们出自教育局"
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as Key
    except ImportError:
        return "签名没有核对：这台电脑的 Python 没有 cryptography 这个库"
    said = json.loads(manifest).get("publication") or {}
    declared, former = said.get("signing_key") or "", said.get("former_keys") or []
    trusted = "".join(re.findall(r"^MCow.*", given.read_text("ascii"), re.M)) if given else declared
    try:
        for old, new in zip(former, [*(each["key"] for each in former[1:]), declared], strict=False):
            if trusted == old["key"]:
                statement = f"nianbao key change\n{trusted}\n{new}\n".encode()
                Key.from_public_bytes(base64.b64decode(trusted)[12:]).verify(base64.b64decode(old["signed"]), statement)
                trusted = new
        Key.from_public_bytes(base64.b64decode(trusted)[12:]).verify(signature.read_bytes(), manifest)
    except (InvalidSignature, ValueError, OSError):
        expect("manifest.json", f"由公钥 {trusted} 签名", "没有签名，或签名不符")
        return "签名不符。"
    return "签名有效。公钥请与教育局另外告知的核对。"


def check_files(folder: Path) -> None:
    outputs = json.loads((folder / "manifest.json").read_bytes())["outputs"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(outputs.keys() | there - {f"manifest.json{end}" for end in ("", ".sha256", ".sig")}):
        seen = hashlib.sha256((folder / name).read_bytes()).hexdigest() if name in there else "没有这个文件"
        expect(name, outputs.get(name, "清单以外没有文件"), seen)
    with zipfile.ZipFile(next(folder.glob("数据_*.zip"))) as parts:
        for name in parts.namelist():
            expect(f"{name}，与压缩包“数据”里的相同", True, parts.read(name) == (folder / name).read_bytes())


def rounded(fact: dict[str, Any]) -> Decimal:
    return Decimal(fact["value"]).quantize(Decimal(1).scaleb(-fact["decimals"]), ROUND_HALF_UP) + 0


def text_of(fact: dict[str, Any]) -> str:
    """The text that follows from value, decimals and form."""
    number, form = rounded(fact), str(fact["form"])
    if form == "change":
        return f"{abs(number).normalize():f}" + ("↑" if number > 0 else "↓") if number else "持平"
    return f"{number.normalize():f}" if form == "trimmed" else f"{number:f}" + ":1" * (form == "to_one")


def check_fact(number: str, fact: dict[str, Any], rows: dict[str, dict[str, str]]) -> None:
    place = f"facts.json 的 {number}（{fact['label']}，{fact['subject_name']}，{fact['year']}年）"
    key = "{indicator}-{year}-{subject}-{scope}".format(**fact)
    said = f"{key}-{fact['kind']}|{fact['part']}|{fact.get('printed_unit', '')}|{fact['text']}"
    expect(f"{place}的编号", hashlib.sha256(said.encode()).hexdigest()[:12], number)
    if "value" in fact:
        expect(f"{place}，由 {fact['value']} 修约", text_of(fact), fact["text"])
    if "denominator" in fact:
        exact = Decimal(fact["numerator"]) * fact["scale"] / Decimal(fact["denominator"])
        expect(f"{place}，分子除以分母，差", 0, round(exact - Decimal(fact["value"]), 11))
    if key in rows and fact["part"] == "value" and "value" in fact and "printed_unit" not in fact:
        expect(f"{place}，data 文件夹里的数", rows[key]["display"], fact["text"])
        for name in fact.keys() & {"value", "numerator", "denominator"}:
            expect(f"{place}，data 文件夹里的 {name}", Decimal(rows[key][name]), Decimal(fact[name]))


def numbers_in(path: Path) -> Any:
    """Each number of a page or a Word file: its id, the unit or the title that it bears, its text."""
    if path.suffix == ".html":
        yield from ON_PAGE.findall(path.read_text("utf-8"))
        return
    with zipfile.ZipFile(path) as parts:
        trees = [ElementTree.fromstring(parts.read(f"word/{name}.xml")) for name in ("document", "footnotes")]
    for control in [each for tree in trees for each in tree.iter(f"{WORD}sdt")]:
        said = {each.tag: each.get(f"{WORD}val", "") for each in control.iter()}
        yield said[f"{WORD}tag"], said[f"{WORD}alias"], "".join(each.text or "" for each in control.iter(f"{WORD}t"))


def check_facts(folder: Path) -> None:
    stated = json.loads((folder / "facts.json").read_bytes())
    facts, places = stated["facts"], stated["places"]
    with (folder / "data/core.fct_indicator_value.csv").open(encoding="utf-8-sig", newline="") as file:
        key = "{indicator_code}-{report_year}-{subject_code}-{scope_code}"
        rows = {key.format(**row): row for row in csv.DictReader(file)}
    for number, fact in facts.items():
        check_fact(number, fact, rows)
    for path in sorted(each for each in folder.rglob("*") if each.suffix in (".html", ".docx")):
        name, seen = path.relative_to(folder).as_posix(), list(numbers_in(path))
        expect(f"{name} 里的数字的编号，依次", places.get(name, []), [number for number, _, _ in seen])
        for index, (number, bears, text) in enumerate(seen, 1):
            fact = facts.get(number) or dict.fromkeys(("label", "subject_name", "year", "scope_name"), "？")
            title = "{label}·{subject_name}·{year}年·{scope_name}".format(**fact)[:64]
            own = title if path.suffix == ".docx" else fact.get("unit", "")
            expect(f"{name} 第 {index} 个数字（{title}）", (fact.get("text"), own), (text, bears))
    expect("facts.json 列出而哪里都没有印的数字", set(), facts.keys() - set().union(*places.values()))
    for terms in stated["sums"]:
        low = high = Decimal(0)  # from where to where the difference can lie, for all that each rounding leaves open
        for sign, number in terms:
            middle, fact = rounded(facts[number]), facts[number]
            half = 0 if middle == Decimal(fact["value"]) else Decimal(5).scaleb(-fact["decimals"] - 1)
            low, high = low + sign * middle - half, high + sign * middle + half
        place = "{label}（{subject_name}，{year}年）".format(**facts[terms[0][1]])
        expect(f"facts.json 的{place}减去合计，差", "0", "0" if low <= 0 <= high else f"{low:f} 到 {high:f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--key", type=Path)
    given, said = parser.parse_args(), ""
    try:
        check_files(given.folder)
        said = check_signature(given.folder, given.key)
        check_facts(given.folder)
    except Exception as error:  # noqa: BLE001  whatever cannot be read is not as it was released
        expect("版本的文件", "读得出来", repr(error))
    print(*(found or ["文件、数字、合计全部相符。"]), said, sep="\n")
    return 1 if found else 0 if said.startswith("签名有效") else 2


if __name__ == "__main__":
    raise SystemExit(main())
