"""What a person or a program opens first in a release: one page, a feed of versions, a description for catalogues."""
