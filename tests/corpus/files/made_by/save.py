"""python save.py OUT FILE…: workbooks opened and saved again by openpyxl."""

import sys
from pathlib import Path

import openpyxl

for name in sys.argv[2:]:
    openpyxl.load_workbook(name).save(Path(sys.argv[1], Path(name).name))
