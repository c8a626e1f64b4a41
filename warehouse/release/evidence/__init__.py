"""What lets a stranger check a release without us: its facts, the bureau's signature, and the program that checks both.

verify_release.py goes out with every release and knows nothing of this program; nothing here may import it.
"""
