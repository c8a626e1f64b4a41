"""The desk, as its pages answer: who may what, what is kept, judged, sent and logged."""
