{{ comparison_table("1.2-2") }}
