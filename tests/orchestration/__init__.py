"""What orchestration promises."""
