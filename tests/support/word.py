"""Word files for tests that read with python-docx, which does not look into content controls."""

from io import BytesIO
from pathlib import Path

import docx
from docx.document import Document


def opened(source: Path | bytes) -> Document:
    """A Word file whose content controls are gone and whose text stands where it was."""
    document = docx.Document(BytesIO(source) if isinstance(source, bytes) else str(source))
    for control in list(document.element.body.iter("{*}sdt")):
        for child in control.find("{*}sdtContent"):
            control.addprevious(child)
        control.getparent().remove(control)
    return document
