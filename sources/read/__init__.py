"""This room turns bytes into a submission: it checks that a file is safe to open, and reads each cell as a person does.

It judges structure only."""
