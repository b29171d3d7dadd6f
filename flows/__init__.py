"""Marginline: the risk plane of a leveraged-derivatives venue, as a streaming dataflow."""
