"""What the benchmark compares with, and that the benchmark tells the truth."""
