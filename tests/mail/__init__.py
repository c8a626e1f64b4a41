"""Mails: what comes is hostile, what goes out goes once."""
