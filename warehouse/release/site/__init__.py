"""The site for leaders and schools: plain pages that open from a folder, with no request to anywhere."""
