{{ comparison_table("annex-1") }}
