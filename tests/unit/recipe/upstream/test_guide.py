"""The guide's tables are the rules, and its flags exist."""

import re

from otcloud.recipe.fields import fields, owner
from otcloud.recipe.flags import FLAGS
from otcloud.recipe.harbor_words import VALUES
from otcloud.recipe.upstream.rules import listed
from tests.unit.recipe.upstream.guide import GUIDE, filled, tables


def test_the_tables_of_the_guide_are_those_of_the_code() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert all(f"<!-- table: {name} -->" in text for name in tables())
    assert filled(text) == text


def test_every_field_goes_to_a_key_that_exists_or_says_why_not() -> None:
    for rules in tables().values():
        for path, rule in listed(rules):
            assert rule.to or rule.why, path
            for place in filter(None, rule.to.split(", ")):
                key = tuple(place.split("."))
                assert key in fields() or owner(key) is not None, (path, place)


def test_the_flags_of_the_guide_exist() -> None:
    own = {"--dry-run", "--set", "--runs-dir", "--local-sync-dir", "--secrets-env", "--job-name", "--no-x", "--flag"}
    own |= {"--max-num-partial-prefills", "--all"}  # vLLM's
    own |= {word for words in VALUES for word in words}
    known = {name for flag in FLAGS for name in (flag.name, flag.negative, *flag.aliases)}
    found = set(re.findall(r"`(--[a-z][a-z-]+)", GUIDE.read_text(encoding="utf-8").split("<!-- table:")[0]))
    assert found <= known | own
