"""The bureau's mail: letters that go out by SMTP, mails that come in by IMAP, and the answers to them.

What letters say is decided in `alerts`, what a workbook is worth in `sources`; here is what it takes that each mail is
sent once, taken once, and answered at most once. It asks no database.
"""
