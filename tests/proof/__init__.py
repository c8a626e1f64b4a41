"""The rule set, proven: translated for a solver (z3), and each rule seen to hold and to fail in a real workbook."""
