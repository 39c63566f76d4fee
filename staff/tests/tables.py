"""Tables of people for tests of import and export."""

import io

import openpyxl

from intranet.tables import read_csv
from staff.exchange import PeopleResource

NEW = "E-mail,First name,Last name"  # the headers that somebody new needs


def csv_bytes(*lines, encoding="utf-8", end="\n"):
    """Return a CSV file of the given lines."""
    return (end.join(lines) + end).encode(encoding)


def xlsx_bytes(*rows):
    """Return an Excel file of the given rows."""
    workbook, stream = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(stream)
    return stream.getvalue()


def run(*lines, actor=None, welcome=False, dry_run=False):
    """Import the given lines of CSV and return the result."""
    resource = PeopleResource(actor=actor, welcome=welcome)
    return resource.import_data(read_csv(csv_bytes(*lines)), dry_run=dry_run)


def problems(result):
    """Return (line, column, value, reason) of all that is wrong."""
    return [(row.line, *problem) for row in result.rows for problem in row.problems]
