{{ comparison_table("annex-6") }}
