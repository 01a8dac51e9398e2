"""The embedded sandbox: namespaces, an overlay root and a keeper process, without a container engine.

Two sides meet here over one socket. Outside, in Harbor: `box.py`, `streams.py`, `transfer.py`. Inside, as the
sandbox's pid 1: `keeper.py`, `root.py`, `supervisor.py`, `kernel.py`. Only `support.py` and `build.py` know tasks.
"""
