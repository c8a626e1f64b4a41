"""What people declare in YAML, as typed objects: contracts, code lists, rules, the city, its calendar and alerts.

No file of a school is read here, and nothing is judged."""
