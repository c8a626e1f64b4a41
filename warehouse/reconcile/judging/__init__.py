"""Printed figures judged: relations, witnesses, misprints, causes.

Nothing is read from files here."""
