"""This room judges submissions: types, bounds, rules within and across sheets, years and respondents, small groups.

No file is opened here; every reason to refuse is found here."""
