"""What is accepted, and which version counts: inbox to raw tables, explanations, decisions, workbooks to send back.

No model is built here."""
