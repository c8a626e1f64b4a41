"""What a run costs on this machine: workbooks are poured, runs are measured as processes, the outcome is checked.

Nothing that only a developer has is imported here: alternatives to compare with (tests/bench) are handed in.
"""
