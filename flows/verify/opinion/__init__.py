"""The parts of the plain pool: state, ladder, auction, vault, waterfall, decisions. Rules only, no columns, no bands."""
