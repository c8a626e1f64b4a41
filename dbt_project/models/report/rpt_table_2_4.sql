{{ comparison_table("2.4") }}
