"""Small groups: which numbers are not printed, so that nobody can work out what rests on few people.

`printed_sums` are the sums that are printed, `attack` says what can be worked out of them, `hide` chooses what is
hidden, `settle` reads and notes it in the database; models, and through them everybody, read it there. Nothing here may
print.
"""
