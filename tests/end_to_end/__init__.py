"""From the workbook in the inbox to the printed figure, through every room, as a user sees it."""
