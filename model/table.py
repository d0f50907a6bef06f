"""A CSV file as rows of cells, with the number of the line that each begins on."""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

_SEPARATORS = ",;\t"
_GZIP = b"\x1f\x8b"


class DatasetError(Exception):
    """The data cannot be trained on; each line of the message is a sentence that says what to mend."""


class CsvFile:
    """A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header.

    Attributes:
        path: Where it is.
        sha256: Of its bytes, in hexadecimal.
        header: The columns' names.

    Raises:
        DatasetError: It cannot be read, is not UTF-8, a damaged gzip file, or empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            raw = path.read_bytes()
            content = gzip.decompress(raw) if raw.startswith(_GZIP) else raw
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DatasetError(f"{path} is a damaged gzip file; compress it again.") from error
        except OSError as error:
            raise DatasetError(f"Cannot read {path}: {error.strerror}.") from error
        self.sha256 = hashlib.sha256(raw).hexdigest()
        self._length = len(content)
        self._buffer = io.BytesIO(content)
        self._rows = self._parse()
        self.header = [name.strip() for name in next(self._rows)[1]]

    @property
    def position(self) -> float:
        """The share of the file that has been read, 0 to 1."""
        return self._buffer.tell() / self._length

    def column(self, *names: str) -> int:
        """The position of the one column that has one of ``names``.

        Raises:
            DatasetError: None has, or several have.
        """
        found = [name for name in self.header if name in names]
        if not found:
            raise DatasetError(
                f"{self.path} has no column {' or '.join(names)}; its first line must name its columns, and "
                f"has {', '.join(self.header)[:80]!r}."
            )
        if len(found) > 1:
            raise DatasetError(
                f"{self.path} has {len(found)} columns {' and '.join(found)} in line 1; keep one."
            )
        return self.header.index(found[0])

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line and the cells of each row below the header, blank ones left out.

        A short row is filled up with empty cells; one with more cells than the header has them all.

        Raises:
            DatasetError: The file is not UTF-8, or a quotation mark is missing.
        """
        width = len(self.header)
        for line, cells in self._rows:
            if any(cells):
                while len(cells) > width and not cells[-1]:
                    cells.pop()
                cells.extend([""] * (width - len(cells)))
                yield line, cells

    def _parse(self) -> Iterator[tuple[int, list[str]]]:
        text = io.TextIOWrapper(self._buffer, encoding="utf-8-sig", newline="")
        line = 1
        try:
            first = text.readline()
            if not first.strip():
                raise DatasetError(
                    f"{self.path} is empty or begins with an empty line; it must begin with a header."
                )
            text.seek(0)
            reader = csv.reader(text, delimiter=max(_SEPARATORS, key=first.count), strict=True)
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1  # a quoted cell may span lines
        except UnicodeDecodeError as error:
            raise DatasetError(f"{self.path} is not UTF-8 text; save it as CSV in UTF-8.") from error
        except csv.Error as error:
            raise DatasetError(f"{self.path} is not a table from line {line} on: {error}.") from error
