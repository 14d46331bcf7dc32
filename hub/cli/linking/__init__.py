"""Commands on links: `hub link`, `hub review`, `hub discrepancies`."""
