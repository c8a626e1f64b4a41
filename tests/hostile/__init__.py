"""What people and programs do to workbooks: a corpus of cases, bombs, changes by lot, slips in numbers."""
