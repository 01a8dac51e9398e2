"""Model servers that are not vLLM.

`replay` serves recorded answers over the OpenAI chat protocol: `python -m otcloud.engines --recording FILE`.
Standard library only, so that a server starts in a fraction of a second in the client's interpreter.
"""
