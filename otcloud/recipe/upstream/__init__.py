"""Configuration files of OpenThoughts-Agent, read as they are: each becomes a layer of a recipe, and warnings.

Tolerant about keys, strict about types. What a field becomes stands in tables (`datagen`, `harbor`, `benchmark`), one
`Rule` for each field; nothing is left out without a word.
"""
