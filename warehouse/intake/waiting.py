"""What waits for a person: files that were not read, files and explanations that somebody has to decide on."""

from dataclasses import dataclass
from typing import Literal

About = Literal["explanation", "file"]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read, the message of the finding that says why, and in whose own folder it lies, if so."""

    submission_id: str
    file_name: str
    message: str
    sender_name: str = ""

    @property
    def told(self) -> str:
        """In words. Many a school's file is called 年报.xlsx."""
        place = f"（在{self.sender_name}的文件夹里）" if self.sender_name else ""
        return f"{self.file_name}{place}：{self.message}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits for a decision: an explanation of a finding in a version that counts, or a file that is held.

    `id` is the explanation's, or begins the submission's; `cells` in words; `message` is what was found, or why the
    file is held; `value` what stands there, or the file's name; `reason` and `author` what the respondent says.
    """

    report_year: int | None
    about: About
    id: str
    submission_id: str
    respondent_code: str | None
    respondent_name: str
    sheet: str
    cells: str
    value: str
    message: str
    reason: str
    author: str
