"""The parts of the `bash` agent: reading answers, running blocks, asking the model, keeping the trajectory.

`answers` and `feedback` are pure and need no Harbor; the rest runs in Harbor's interpreter.
"""
