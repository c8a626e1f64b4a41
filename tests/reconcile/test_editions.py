"""Two editions of a report: which numbers changed, and whether that put them right, spoilt them, or has no reason."""

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from sources.system.settings import Settings
from tests.reconcile.test_commented_word import THREE_SCHOOLS, YEAR
from tests.support.sample import PACK
from warehouse.catalogue.catalogue import load_catalogue
from warehouse.reconcile.editions import Editions, Outcome, compare_editions, editions_memo
from warehouse.reconcile.reconcile import reconcile_file
from warehouse.reconcile.verdicts import Reconciliation

BOUND = "全市中职学校{schools}所，其中公办{public}所，民办{private}所。"
ALONE = "全市中职学校专任教师{teachers}人。"


def edition(folder: Path, name: str, *sentences: str) -> Reconciliation:
    path = folder / f"{name}.txt"
    path.write_text("\n".join(sentences), encoding="utf-8")
    return reconcile_file(None, THREE_SCHOOLS, load_catalogue(PACK), path, YEAR)


def outcomes(editions: Editions) -> list[tuple[Outcome, str, str]]:
    return [(each.outcome, each.older, each.newer) for each in editions.changed]


def test_an_edition_held_against_itself_has_not_changed(tmp_path: Path):
    sentences = (BOUND.format(schools=3, public=2, private=1), ALONE.format(teachers=1205))
    same = compare_editions(edition(tmp_path, "a", *sentences), edition(tmp_path, "b", *reversed(sentences)))
    assert (same.changed, same.dropped, same.added) == ((), (), ())
    assert same.compared == 4


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1205", "1,205"), ("1205", "１２０５"), ("1.2万", "12034"), ("12034", "1.2万"), ("三百二十", "320")],
)
def test_a_number_written_in_another_way_has_not_changed(older: str, newer: str, tmp_path: Path):
    was, now = (edition(tmp_path, name, ALONE.format(teachers=said)) for name, said in (("a", older), ("b", newer)))
    held = compare_editions(was, now)
    assert (held.compared, held.changed) == (1, ())


def test_a_change_mends_spoils_or_has_no_reason(tmp_path: Path):
    right = (*(BOUND.format(schools=3, public=2, private=1) for _ in range(2)), ALONE.format(teachers=1205))
    wrong = (right[0], BOUND.format(schools=3, public=2, private=2), ALONE.format(teachers=1250))
    one, other = edition(tmp_path, "one", *right), edition(tmp_path, "other", *wrong)
    spoilt, mended = compare_editions(one, other), compare_editions(other, one)
    # the first mention stands; of the second only the wrong print is new
    assert [(each.outcome, each.newer) for each in spoilt.changed] == [
        (Outcome.SPOILT, "2所（前言）"),
        (Outcome.WITHOUT_REASON, "1250人（前言）"),
    ]
    assert [(each.outcome, each.older) for each in mended.changed] == [
        (Outcome.WITHOUT_REASON, "1250人（前言）"),
        (Outcome.MENDED, "2所（前言）"),
    ]
    for editions, newer in ((spoilt, other), (mended, one)):
        memo = editions_memo(editions, "上一稿.docx", newer)
        assert "None" not in memo
        assert all(each.outcome in memo for each in editions.changed)
        assert "其中变了 2 个" in memo


def test_what_only_one_edition_prints_is_named(tmp_path: Path):
    bound, alone = BOUND.format(schools=3, public=2, private=1), ALONE.format(teachers=1205)
    held = compare_editions(edition(tmp_path, "a", bound), edition(tmp_path, "b", alone))
    assert held.compared == 0
    assert len(held.dropped) == 3
    assert [name.rsplit(" ", 1)[1] for name in held.added] == ["1205人"]


@pytest.mark.parametrize("seed", range(6))
def test_exactly_the_numbers_that_were_changed_are_told(seed: int, tmp_path: Path):
    drawn = random.Random(seed)
    counts = {"专任教师": "人", "校外实习基地": "个", "合作企业": "家", "全日制在校生": "人", "纸质图书": "册"}
    before = {name: drawn.randint(100, 99_999) for name in counts}
    after = {name: count + drawn.choice([0, 0, 1, 1000]) for name, count in before.items()}
    said = ("全市中职学校{name}{count}{unit}。", "{name}共{count}{unit}。")
    texts = [
        [drawn.choice(said).format(name=name, count=count, unit=counts[name]) for name, count in values.items()]
        for values in (before, after)
    ]
    held = compare_editions(edition(tmp_path, "a", *texts[0]), edition(tmp_path, "b", *texts[1]))
    told = {(each.older, each.newer) for each in held.changed}
    shown = {
        (f"{before[name]}{counts[name]}（前言）", f"{after[name]}{counts[name]}（前言）")
        for name in counts
        if before[name] != after[name]
    }
    assert held.compared >= 4
    assert told <= shown
    assert len(shown) - len(told) <= len(counts) - held.compared


def test_the_command_writes_the_comparison(fresh_copy: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("NIANBAO_HOME", str(fresh_copy.home))
    monkeypatch.setenv("NIANBAO_CITY", str(fresh_copy.city_dir))
    for name, teachers in (("old", 1664), ("new", 1665)):
        (tmp_path / f"{name}.txt").write_text(f"全市各中职学校共有专任教师{teachers}人。", encoding="utf-8")
    arguments = ["--published", str(tmp_path / "new.txt"), "--year", "2023", "--earlier", str(tmp_path / "old.txt")]
    outcome = CliRunner().invoke(app, ["reconcile", *arguments])
    assert "两版对照" in outcome.output, outcome.output
    (written,) = fresh_copy.home.rglob("new_两版对照.md")
    memo = written.read_text(encoding="utf-8")
    assert "**改错了**" in memo
    assert "上一版 1664人" in memo
