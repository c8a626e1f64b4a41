"""A whole installation: examined, copied, made again; and installations of earlier versions."""
