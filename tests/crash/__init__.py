"""Kills, full disks, lost files: what is published stays whole, the next run ends right. Whole runs, not one room."""
