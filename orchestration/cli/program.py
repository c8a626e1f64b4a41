"""The program `nianbao`: listens for Ctrl-C and SIGTERM before anything else, also before the commands are imported."""

from sources.system import interrupt


def main() -> None:
    """Carries out the command line."""
    interrupt.listen()
    from orchestration.cli.main import main as carry_out

    carry_out()
