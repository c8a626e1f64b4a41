"""A clerk at the bureau of a made-up place: types commands, sends mails, judges, and sees what each place shows."""

import csv
import json
import os
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from typer.testing import CliRunner

from orchestration.cli.console import ACTION_NEEDED
from orchestration.cli.main import app
from orchestration.launch import execute
from orchestration.lib import observe
from orchestration.lib.asset_keys import FEEDBACK, YEAR_PAGE
from orchestration.lib.terminal import Terminal
from sources.declarations.city import City, load_city
from sources.system.settings import Settings
from tests.conftest import run_all
from tests.support.sinks import Mailbox

YEAR = 2023
BY = ("--by", "王科长")
CLERK = "wang@bureau.example.cn"
SENDER = "nianbao@bureau.example.cn"
EVENING = 18
"""The hour of a night's alerts: by day, so that nothing waits for the morning."""


@dataclass(frozen=True)
class Mail:
    """A message as its reader has it."""

    to: str
    subject: str
    text: str


@dataclass
class Clerk:
    """An installation, its mailbox, and whoever types; each deliberate action is counted."""

    settings: Settings
    mailbox: Mailbox
    monkeypatch: pytest.MonkeyPatch
    actions: list[str] = field(default_factory=list)

    @property
    def city(self) -> City:
        """As its files say now."""
        return load_city(self.settings.city_dir)

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(sorted(self.city.calendar.years))

    def on(self, day: date) -> None:
        self.settings = replace(self.settings, fixed_today=day)
        self.monkeypatch.setitem(os.environ, "NIANBAO_TODAY", day.isoformat())
        at = datetime.combine(day, datetime.min.time(), ZoneInfo("Asia/Shanghai")).replace(hour=EVENING)
        alert = ALERT

        def then(settings: Settings, city: City, run: observe.RunReport | None = None) -> observe.AlertOutcome:
            return alert(settings, city, run and replace(run, ended_at=at), now=at)

        self.monkeypatch.setattr(observe, "alert", then)

    def night(self) -> list[Mail]:
        """A run of both years; its last step by Dagster, which alerts. Returns the mails."""
        run_all(self.settings, self.city, self.years)
        return self.mails_of(
            lambda: execute(self.settings, self.city, self.years, Terminal(stderr=True), only=[FEEDBACK, YEAR_PAGE])
        )

    def looks_again(self) -> list[Mail]:
        """Alerts without a run, as every ten minutes of the day."""
        return self.mails_of(lambda: observe.alert(self.settings, self.city))

    def mails_of(self, act: Callable[[], object]) -> list[Mail]:
        before = len(self.mailbox.letters)
        act()
        return [Mail(*each) for each in self.mailbox.letters[before:]]

    def looks(self, *words: str) -> str:
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code in (0, ACTION_NEEDED), (words, done.output, done.exception)
        return done.output

    def types(self, action: str, *words: str) -> str:
        """The clerk types a command; it counts."""
        self.actions.append(action)
        return self.looks(*words)

    def mails_out(self) -> list[Mail]:
        """The clerk writes a batch and sends it by mail merge: a mail for each line of the list, with its files."""
        batch = json.loads(self.types("mail-out", "mail-out", *BY, "--json"))
        self.actions.append("send the mails")
        folder = Path(batch["folder"])
        return self.mails_of(lambda: self.merge(folder))

    def merge(self, folder: Path) -> None:
        text = (folder / "发送名单.csv").read_text("utf-8-sig")
        with smtplib.SMTP("127.0.0.1", self.mailbox.port) as server:
            for row in csv.DictReader(text.splitlines(keepends=True)):
                mail = EmailMessage()
                mail["From"], mail["To"], mail["Subject"] = SENDER, row["邮箱"], row["主题"]
                mail.set_content(row["正文"])
                for name in filter(None, row["文件"].split(";")):
                    mail.add_attachment((folder / name).read_bytes(), "application", "octet-stream", filename=name)
                server.send_message(mail)

    def fill(self, path: Path, words: Mapping[str, str]) -> None:
        """The clerk judges: every line of a list gets the words under these headings."""
        book = openpyxl.load_workbook(path)
        sheet = book.active
        columns = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            for heading, word in words.items():
                sheet.cell(row, columns[heading]).value = word
        book.save(path)


ALERT = observe.alert
