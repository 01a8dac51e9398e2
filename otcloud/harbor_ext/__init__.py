"""What Harbor loads from otcloud: environments, agents and plug-ins.

These modules run inside Harbor's interpreter, where only Harbor and this package can be imported. The folder
`sandbox/` needs the standard library alone, so that the client may import its probe as well.
"""
