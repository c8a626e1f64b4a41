"""What came in, kept for ever under the hash of its content: inbox, receipts, contents, decisions.

Nothing here looks into a workbook."""
