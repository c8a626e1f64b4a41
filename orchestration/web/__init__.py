"""Dagster's page, and what stands before it. Here lives who may ask it for what; no definition of ours does."""
