"""Whether an installation is whole, its copy in another place, and the installation made again from that copy.

Nothing here judges, builds or prints: what is wrong is told, and which command mends it."""
