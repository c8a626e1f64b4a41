"""What an installation is made of: packed for machines without a network, and as a bill of materials.

Run by `make bundle` and `make sbom` only; nothing of a run may lie here.
"""
