"""Several folders of tests share these: servers that take messages, small workbooks."""
