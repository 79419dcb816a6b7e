"""What a page is made of: sections of figures, tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from joulelab.analysis.figures.spec import Drawn


@dataclass(frozen=True)
class Cell:
    """`text` is shown, `value` is what a click on the heading sorts by (the text where None)."""

    text: str
    value: float | None = None
    link: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Column:
    label: str
    number: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """`most`: rows shown; the others are in `file`, and a sentence says so."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    most: int = 200
    file: str = ""

    @property
    def cut(self) -> str:
        if len(self.rows) <= self.most:
            return ""
        where = f"; all are in {self.file}" if self.file else ""
        return f"The first {self.most} of {len(self.rows):,} rows are shown{where}."


@dataclass(frozen=True)
class Text:
    """A paragraph. `kind`: `plain`, `note` (something to mind) or `code`."""

    text: str
    kind: str = "plain"


Block = Drawn | Table | Text


@dataclass(frozen=True)
class Section:
    """`anchor`: of its address in the page, `[a-z_]+`."""

    title: str
    anchor: str
    blocks: Sequence[Block] = ()
    intro: str = ""
    short: str = ""

    @property
    def heading(self) -> str:
        """In the list of contents."""
        return self.short or self.title


@dataclass(frozen=True)
class Answer:
    """The sentence, and what must be known to believe it."""

    sentence: str
    details: Sequence[str] = ()
    where: str = ""


@dataclass(frozen=True)
class Page:
    title: str
    subtitle: str
    answers: Sequence[Answer]
    sections: Sequence[Section]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def figures(self) -> list[Drawn]:
        """All, those that are missing too."""
        return [
            block
            for section in self.sections
            for block in section.blocks
            if not isinstance(block, Table | Text)
        ]
