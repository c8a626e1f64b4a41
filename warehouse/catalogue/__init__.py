"""What the report consists of, as declared: measures, indicators, standards, tables; and the files derived from them.

No submission is read here."""
