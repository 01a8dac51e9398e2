"""Launchers: peers behind one small Protocol, and the client's course around them."""
