"""Groups of the asset graph, numbered so that every list in the UI reads like the flow."""

INTAKE = "g1_intake"
RAW = "g2_raw"
RELEASE = "g8_release"
OF_SCHEMA = {
    "staging": "g3_staging",
    "intermediate": "g4_intermediate",
    "core": "g5_core",
    "marts": "g6_marts",
    "quality": "g6_quality",
    "report": "g7_report",
}
