"""The report of a film and the index of a shelf: pages that open from the disk, without a server."""
