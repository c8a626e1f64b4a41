"""Made-up submissions: the sample city poured into workbooks, totals spread over schools, generated populations.

No real file passes here."""
