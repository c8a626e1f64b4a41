{{ comparison_table("annex-4") }}
