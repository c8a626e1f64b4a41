{{ comparison_table("annex-5") }}
