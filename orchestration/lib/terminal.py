"""What is printed for a person: text is text, and never without end.

Nothing in it moves the cursor, colours a line, or is markup of rich. What is too much is left out, and counted.
"""

from typing import Any

from rich.console import Console
from rich.text import Text

from sources.system.plain_text import cut_short, legible

SHOWN_LINES = 5_000
"""That a command prints at most."""
SHOWN_LETTERS = 2_000
"""Of one line."""


class Terminal(Console):
    """A console on which every text is shown as it is, and legibly; colours are `style`, or a rich Text of our own.

    `most` is how many lines are shown; those beyond are counted, and `say_left_out` tells how many they were.
    """

    def __init__(self, most: int | None = None, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)
        self.most, self.shown, self.left_out = most, 0, 0

    def render_str(self, text: str, **options: Any) -> Text:
        """The one place through which rich takes texts: lines, titles, headings and cells of tables."""
        lines = (cut_short(line, SHOWN_LETTERS) for line in legible(text).split("\n"))
        return super().render_str("\n".join(lines), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as rich does, as long as there is room."""
        if self.most is None:
            super().print(*objects, **options)
            return
        with self.capture() as printed:
            super().print(*objects, **options)
        lines = printed.get().splitlines(keepends=True)
        room = max(self.most - self.shown, 0)
        self.shown += len(lines)
        self.left_out += len(lines[room:])
        self.file.write("".join(lines[:room]))
        self.file.flush()

    def say_left_out(self) -> None:
        """Says how much was not shown, if anything."""
        if self.left_out:
            self.file.write(f"……另有 {self.left_out} 行没有显示；--json 或写出的文件有全部\n")
            self.left_out = 0
