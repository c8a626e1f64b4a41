"""What passes from room to room: a submission, its cells, findings and explanations, and the schemas of their frames.

Shapes only: no reading, no judging, no writing."""
