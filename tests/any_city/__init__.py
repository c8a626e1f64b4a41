"""What must hold for any city in any year, played on made-up ones: a second world for every capability."""
