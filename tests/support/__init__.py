"""What several folders of tests share: servers that take messages, small workbooks."""
