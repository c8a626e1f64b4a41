{{ comparison_table("annex-3") }}
