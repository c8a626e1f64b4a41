"""Mails as they come: taken apart without trusting anything that they say. It knows no server, no archive, no city."""
