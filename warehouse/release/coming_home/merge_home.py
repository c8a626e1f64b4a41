"""What several people changed in their copies, brought together section by section and written into the files of words.

A section that two have changed in two ways, or that has been changed here since, is written by nobody: both are shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sources.declarations.problem import shown_path
from sources.submission.file_names import as_file_name
from sources.system.whole_file import whole_file
from warehouse.release.coming_home.handed_out import heading_of, text_in
from warehouse.release.coming_home.kept_comments import keep_comments
from warehouse.release.coming_home.take_home import ReturnedDraft, ReturnNote, SectionChange
from warehouse.release.narrative.written_files import EARLIER, UNMERGED, words_folder

Versions = dict[str, list[tuple[str, SectionChange]]]
"""Each text that a file of words would get → in which returned files, by which change."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A file of words in its new version; `earlier` is where the one before lies, '' where there was none."""

    file: str
    by: tuple[str, ...]
    told: tuple[str, ...]
    earlier: str = ""


@dataclass(frozen=True, slots=True)
class BroughtHome:
    """What was written, or would be, what somebody has to decide, and the comments with the file that came back."""

    written: tuple[NewVersion, ...]
    same: tuple[str, ...]
    notes: tuple[ReturnNote, ...]
    comments: tuple[tuple[str, str], ...]
    comment_files: tuple[str, ...] = ()


def bring_home(returned: Sequence[ReturnedDraft], city_dir: Path, today: date, is_tried: bool = False) -> BroughtHome:
    """Writes the new versions; `is_tried`: only says what it would write."""
    written: list[NewVersion] = []
    same: list[str] = []
    notes = [note for each in returned for note in each.notes]
    comments, comment_files = [], []
    for within in dict.fromkeys(each.handed.within for each in returned):
        own = [each for each in returned if each.handed.within == within]
        folder = words_folder(city_dir, own[0].handed.report_year, *within)
        for name in dict.fromkeys(change.name for each in own for change in each.changes):
            path = folder / name
            versions = _versions(own, name)
            if (note := _conflict(path, versions)) is not None:
                notes.append(note if is_tried else _put_beside(versions, path, folder, note))
                continue
            after, by = next(iter(versions.items()))
            told = tuple(dict.fromkeys(line for _, change in by for line in change.told))
            if after == _now(path):
                same.append(shown_path(path))
                continue
            earlier = _put_aside(path, folder, today) if path.exists() and not is_tried else ""
            if not is_tried:
                with whole_file(path) as partial:
                    partial.write_text(after, encoding="utf-8")
            written.append(NewVersion(shown_path(path), tuple(file for file, _ in by), told, earlier))
        comments += [(each.file, f"{one.heading}：{one.line[2:]}") for each in own for one in each.comments]
        if not is_tried:
            kept = keep_comments(folder, [one for each in own for one in each.comments])
            comment_files += [shown_path(path) for path in kept]
    return BroughtHome(tuple(written), tuple(same), tuple(notes), tuple(comments), tuple(comment_files))


def _versions(returned: Sequence[ReturnedDraft], name: str) -> Versions:
    found: Versions = {}
    for each in returned:
        for change in each.changes:
            if change.name == name:
                found.setdefault(change.after, []).append((each.file, change))
    return found


def _conflict(path: Path, versions: Versions) -> ReturnNote | None:
    """Why nothing is written for a file: several want it otherwise, or it has been changed here since."""
    heading, now = heading_of(path.name), _now(path)
    files = "、".join(dict.fromkeys(file for by in versions.values() for file, _ in by))
    shown = " ".join(f"【{file}】{'；'.join(change.told)}。" for by in versions.values() for file, change in by)
    if len(versions) > 1:
        told = f"几份稿子都改了这一节，改法不同，没有写进 {shown_path(path)}；请商定后自己写进去。{shown}"
        return ReturnNote("conflict", files, heading, told)
    ((after, by),) = versions.items()
    if now in (after, *(change.before for _, change in by)):
        return None
    told = f"草稿发出以后，{shown_path(path)} 已经改过，没有再写；请对照着自己写进去。{shown}"
    return ReturnNote("conflict", files, heading, told)


def _put_beside(versions: Versions, path: Path, folder: Path, note: ReturnNote) -> ReturnNote:
    """Keeps each version that was not written beside the words, and says where."""
    kept = []
    for after, by in versions.items():
        target = folder / UNMERGED / as_file_name(f"{path.stem}（{'、'.join(Path(file).stem for file, _ in by)}）.md")
        with whole_file(target) as partial:
            partial.write_text(after, encoding="utf-8")
        kept.append(shown_path(target))
    return replace(note, text=f"{note.text} 全文留在 {'、'.join(kept)}")


def _now(path: Path) -> str:
    return text_in(path.name, path.read_bytes()) if path.is_file() else ""


def _put_aside(path: Path, folder: Path, today: date) -> str:
    """Copies a file of words to the earlier ones, under the day on which another followed it."""
    target = next(place for place in _places(path, folder, today) if not place.exists())
    with whole_file(target) as partial:
        partial.write_bytes(path.read_bytes())
    return shown_path(target)


def _places(path: Path, folder: Path, today: date) -> Iterator[Path]:
    number = 1
    while True:
        name = f"{path.stem} {today.isoformat()}{f'-{number}' if number > 1 else ''}{path.suffix}"
        yield folder / EARLIER / name
        number += 1
