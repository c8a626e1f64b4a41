"""The site for leaders and schools: plain pages that open from a folder, with no request to anywhere."""

from warehouse.release.site.render import write_site

__all__ = ["write_site"]
