"""The ground: settings, files written whole, processes, hashes, faults of the machine in words.

Nothing here knows of schools, sheets or reports."""
