"""A release proves itself: each printed number bears its fact, the manifest a signature, and a program that knows
nothing of ours finds every edit."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from sources.declarations.city import City
from sources.declarations.publication import FormerKey, PublicationTerms
from sources.system.settings import Settings
from tests.conftest import deep
from tests.release.edits import Edit, edit, repair
from tests.support.confirmed import confirm_and_release
from tests.support.verified import CONSISTENT, DIFFERS, RIGHT, told_by_its_own_program
from warehouse.intake.released import MANIFEST, SIGNATURE
from warehouse.release.evidence.facts_file import FACTS
from warehouse.release.evidence.signing import KeyFileError, hand_over, make_key, public_line, read_key, sign
from warehouse.release.evidence.verifier import PUBLIC_KEY, VERIFIER, pem_of

PHRASE = "一句 口令"
VALUES = "data/core.fct_indicator_value.csv"
ALONE = (FACTS, VALUES, MANIFEST)
"""Files of which a finding does not name the file that was edited."""


@dataclass(frozen=True)
class Signed:
    settings: Settings
    folder: Path
    key: Path


@pytest.fixture(scope="module")
def signed(city_run: Settings, city: City, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """The sample city's release, signed. Do not change it."""
    folder = tmp_path_factory.mktemp("signed")
    settings = replace(city_run, home=folder / "home")
    shutil.copytree(city_run.home, settings.home)
    line = make_key(folder / "key.pem", PHRASE)
    done = confirm_and_release(settings, with_terms(city, signing_key=line), 2023)
    sign(read_key(folder / "key.pem", PHRASE), done.folder / MANIFEST, done.folder / SIGNATURE, line)
    return Signed(settings, done.folder, folder / "key.pem")


@pytest.fixture
def copied(signed: Signed, tmp_path: Path) -> Path:
    """A copy of the signed release, to change at will."""
    return copy_of(signed.folder, tmp_path / "copied")


def with_terms(city: City, **terms: object) -> City:
    return city.model_copy(update={"publication": PublicationTerms(**terms)})


def copy_of(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


# The program


def test_it_is_short_and_holds_nothing_of_ours(signed: Signed) -> None:
    text = (signed.folder / VERIFIER).read_text("utf-8")
    assert len(text.splitlines()) < 150
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.M))
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_a_release_as_it_was_signed_is_right(signed: Signed, tmp_path: Path) -> None:
    assert told_by_its_own_program(signed.folder) == (
        RIGHT,
        "文件、数字、合计全部相符。\n签名有效。公钥请与教育局另外告知的核对。\n",
    )
    assert told_by_its_own_program(signed.folder, "--key", str(signed.folder / PUBLIC_KEY))[0] == RIGHT
    make_key(tmp_path / "another.pem", "")
    (tmp_path / "another.pub").write_text(pem_of(public_line(read_key(tmp_path / "another.pem", ""))))
    code, said = told_by_its_own_program(signed.folder, "--key", str(tmp_path / "another.pub"))
    assert code == DIFFERS
    assert "没有签名，或签名不符" in said


def test_without_a_signature_it_says_that_it_cannot_know_whose_it_is(copied: Path) -> None:
    (copied / SIGNATURE).unlink()
    code, said = told_by_its_own_program(copied)
    assert code == CONSISTENT
    assert "不能说明它们出自教育局" in said
    assert told_by_its_own_program(copied, "--key", str(copied / PUBLIC_KEY))[0] == DIFFERS


def test_a_file_that_is_new_gone_or_unreadable_is_named(copied: Path) -> None:
    (copied / "site" / "new.html").write_text("<p>新闻</p>", "utf-8")
    (copied / "dcat.jsonld").unlink()
    (copied / FACTS).write_text("{", "utf-8")
    code, said = told_by_its_own_program(copied)
    assert code == DIFFERS
    for place in ("site/new.html：应为 清单以外没有文件", "dcat.jsonld：应为", f"{FACTS}：应为", "读得出来"):
        assert place in said


# The key


def test_openssl_takes_the_keys_and_makes_the_same_signature(signed: Signed, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    make_key(tmp_path / "open.pem", "")
    line = public_line(key := read_key(tmp_path / "open.pem", ""))
    (tmp_path / "public.pem").write_text(pem_of(line))
    shutil.copy(signed.folder / MANIFEST, tmp_path)
    sign(key, tmp_path / MANIFEST, tmp_path / "ours", line)
    by_openssl = ["openssl", "pkeyutl", "-sign", "-inkey", "open.pem", "-rawin", "-in", MANIFEST, "-out", "theirs"]
    subprocess.run(by_openssl, cwd=tmp_path, check=True)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    proof = ["-pubin", "-inkey", "public.pem", "-rawin", "-in", MANIFEST, "-sigfile", "ours"]
    subprocess.run(["openssl", "pkeyutl", "-verify", *proof], cwd=tmp_path, check=True, capture_output=True)


def test_a_key_is_never_overwritten_opens_with_its_phrase_alone_and_signs_only_what_names_it(
    signed: Signed, tmp_path: Path
) -> None:
    with pytest.raises(KeyFileError, match="已经存在"):
        make_key(signed.key, "")
    with pytest.raises(KeyFileError, match="口令不对"):
        read_key(signed.key, "别的")
    assert signed.key.stat().st_mode & 0o077 == 0
    key = read_key(signed.key, PHRASE)
    for declared in (None, "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="):
        with pytest.raises(KeyFileError, match="没有签名"):
            sign(key, signed.folder / MANIFEST, tmp_path / "unsigned", declared)
    assert not (tmp_path / "unsigned").exists()


def nianbao(settings: Settings, monkeypatch: pytest.MonkeyPatch, phrases: str, *words: object) -> Result:
    for name, value in {"NIANBAO_HOME": settings.home, "NIANBAO_CITY": settings.city_dir}.items():
        monkeypatch.setitem(os.environ, name, str(value))
    return CliRunner().invoke(app, list(map(str, words)), input=phrases)


def test_the_commands_make_a_key_sign_with_it_and_hand_over_to_the_next(
    signed: Signed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, before = signed.settings, (signed.folder / SIGNATURE).read_bytes()
    (signed.folder / SIGNATURE).unlink()
    wrong = nianbao(settings, monkeypatch, "别的\n", "sign", "2023.1", "--key", signed.key)
    assert "口令不对" in str(wrong.exception)
    assert nianbao(settings, monkeypatch, f"{PHRASE}\n", "sign", "2023.1", "--key", signed.key).exit_code == 0
    assert (signed.folder / SIGNATURE).read_bytes() == before
    assert "没有 2023.9 这一版" in nianbao(settings, monkeypatch, "", "sign", "2023.9", "--key", signed.key).output

    inside = nianbao(settings, monkeypatch, "\n\n", "new-key", settings.home / "key.pem")
    assert inside.exit_code == 2
    assert "U 盘" in inside.output
    made = nianbao(settings, monkeypatch, "新\n新\n", "new-key", tmp_path / "next.pem")
    line = public_line(read_key(tmp_path / "next.pem", "新"))
    assert f"signing_key: {line}" in made.output
    words = ("change-key", "--old", signed.key, "--new", tmp_path / "next.pem", "--json")
    said = nianbao(settings, monkeypatch, f"{PHRASE}\n新\n", *words).output
    terms = PublicationTerms.model_validate(json.loads(said[said.index("{") :]))
    assert (terms.signing_key, len(terms.former_keys)) == (line, 1)


def test_after_two_changes_of_key_an_old_key_still_leads_to_the_new_one(copied: Path, tmp_path: Path) -> None:
    keys = []
    for name in ("first", "second", "third"):
        make_key(tmp_path / name, "")
        keys.append(read_key(tmp_path / name, ""))
        (tmp_path / f"{name}.pub").write_text(pem_of(public_line(keys[-1])))
    lines = [public_line(key) for key in keys]
    former = [FormerKey(key=lines[i], signed=hand_over(keys[i], lines[i + 1])) for i in range(2)]
    manifest = json.loads((copied / MANIFEST).read_text("utf-8"))
    manifest["publication"] = PublicationTerms(signing_key=lines[2], former_keys=former).model_dump(mode="json")
    (copied / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    sign(keys[2], copied / MANIFEST, copied / SIGNATURE, lines[2])
    for name in ("first", "second", "third"):
        assert told_by_its_own_program(copied, "--key", str(tmp_path / f"{name}.pub"))[0] == RIGHT, name
    # a statement that the old key did not sign leads nowhere
    manifest["publication"]["former_keys"][0]["signed"] = former[1].signed
    (copied / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    sign(keys[2], copied / MANIFEST, copied / SIGNATURE, lines[2])
    assert told_by_its_own_program(copied, "--key", str(tmp_path / "first.pub"))[0] == DIFFERS
    assert told_by_its_own_program(copied, "--key", str(tmp_path / "second.pub"))[0] == RIGHT


# The facts


def test_every_number_of_the_word_file_is_a_control_that_bears_its_fact(signed: Signed) -> None:
    facts = json.loads((signed.folder / FACTS).read_text("utf-8"))
    (word,) = signed.folder.glob("*.docx")
    with ZipFile(word) as parts:
        trees = [etree.fromstring(parts.read(f"word/{name}.xml")) for name in ("document", "footnotes")]
    controls = [control for tree in trees for control in tree.iter("{*}sdt")]
    tags = [control.find("{*}sdtPr/{*}tag") for control in controls]
    assert [tag.get(tag.keys()[0]) for tag in tags] == facts["places"][word.name]
    numbers = [control.find("{*}sdtPr/{*}id") for control in controls]
    assert len({number.get(number.keys()[0]) for number in numbers}) == len(controls) > 500
    (fact,) = (
        each
        for each in facts["facts"].values()
        if (each["indicator"], each["year"], each["subject"], each["text"])
        == ("further_study_rate", 2023, "450700", "54.38")
    )
    assert (fact["label"], fact["unit"], fact["decimals"], fact["form"]) == ("毕业晋升率", "%", 2, "fixed")
    assert fact["trace"] == f"nianbao trace further_study_rate-2023-450700-{fact['scope']}-value"


def test_every_value_and_change_has_its_exact_value_and_sums_are_declared(signed: Signed) -> None:
    stated = json.loads((signed.folder / FACTS).read_text("utf-8"))
    bare = [each for each in stated["facts"].values() if each["part"] in ("value", "change") and "value" not in each]
    assert [each["text"] for each in bare if any(letter.isdecimal() for letter in each["text"])] == []
    assert len(stated["sums"]) > 100
    assert {sign for terms in stated["sums"] for sign, _ in terms} == {-1, 1}


# The edits


def verifier_of(folder: Path) -> ModuleType:
    """The program as a module; nothing is written beside it, where it would be a file that nobody named."""
    module = ModuleType("verifier_of_a_release")
    exec(compile((folder / VERIFIER).read_text("utf-8"), folder / VERIFIER, "exec"), module.__dict__)
    return module


def findings(verifier: ModuleType, folder: Path, *checks: str) -> list[str]:
    """What some of the program's checks find, without the cost of a process."""
    verifier.found.clear()
    for check in checks:
        try:
            getattr(verifier, check)(*([folder, None] if check == "check_signature" else [folder]))
        except Exception as error:  # noqa: BLE001  as the program itself does
            verifier.expect("版本的文件", "读得出来", repr(error))
    return list(verifier.found)


def drawn(folder: Path, count: int, chance: random.Random) -> list[list[Path]]:
    """Files to edit, at least `count`: groups of files of which each is named by what is found in it."""
    pages = sorted(path for path in folder.rglob("*.html") if path.name != "数据模型.html")
    word, sheets = sorted(folder.glob("*.docx")), sorted(folder.glob("*.xlsx"))
    tables = sorted(path for path in (folder / "data").glob("*.csv") if path.stat().st_size > 500)
    tables = [path for path in tables if path.relative_to(folder).as_posix() not in ALONE]
    groups: list[list[Path]] = []
    while sum(map(len, groups)) < count:
        groups.append([*word, *sheets, *chance.sample(tables, 6), *chance.sample(pages, 12)])
        groups += [[folder / name] for name in ALONE]
    return groups


def edits_of(paths: list[Path], folder: Path, chance: random.Random) -> tuple[list[Edit], dict[Path, bytes]]:
    kept = {
        path: path.read_bytes() for path in [*paths, folder / MANIFEST, folder / "SHA256SUMS", folder / "dcat.jsonld"]
    }
    return [edit(path, folder, chance) for path in paths], kept


def put_back(kept: dict[Path, bytes]) -> None:
    for path, content in kept.items():
        path.write_bytes(content)


COUNTS = [60, *deep(1000)]


@pytest.mark.parametrize("count", COUNTS)
def test_each_of_many_edits_is_found(copied: Path, count: int) -> None:
    chance, verifier = random.Random(22), verifier_of(copied)
    assert findings(verifier, copied, "check_files", "check_signature", "check_facts") == []
    done = 0
    for group in drawn(copied, count, chance):
        edits, kept = edits_of(group, copied, chance)
        found = findings(verifier, copied, "check_files", "check_signature")
        for each in edits:
            assert any(line.startswith(f"{each.file}：") for line in found), each
        put_back(kept)
        done += len(edits)
    assert done >= count


@pytest.mark.parametrize("count", COUNTS)
def test_who_also_repairs_the_checksums_is_found_by_the_signature_and_mostly_by_the_facts(
    copied: Path, count: int
) -> None:
    chance, verifier = random.Random(9), verifier_of(copied)
    by_facts, all_of = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for group in drawn(copied, count, chance):
        edits, kept = edits_of(group, copied, chance)
        repair(copied, [each.file for each in edits])
        found = findings(verifier, copied, "check_files", "check_facts")
        assert group[0].name == MANIFEST or not [line for line in found if re.search("应为 [0-9a-f]{64}", line)], edits
        assert findings(verifier, copied, "check_signature") != [], edits
        for each in edits:
            kind = (Path(each.file).suffix if each.file not in ALONE else each.file, each.what)
            all_of[kind] += 1
            is_found = any(line.startswith(each.file) for line in found) if each.file not in ALONE else bool(found)
            by_facts[kind] += is_found
            assert is_found or each.what != "figure", each
        put_back(kept)
    shares = {kind: f"{by_facts[kind]}/{count}" for kind, count in sorted(all_of.items())}
    print(f"found without a signature: {by_facts.total()} of {all_of.total()}, {shares}")
