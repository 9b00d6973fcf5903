"""A component overtaken while it loaded takes nothing from the one that overtook it."""

from __future__ import annotations

import re

import pytest

from pages._shared import style
from tests.browser.conftest import Visit

RUN = """
async ([code, kind, data]) => {
  document.body.innerHTML = `<div id="parent"><div class="${kind}"></div></div>`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const module = await import(url);
  const parentElement = document.querySelector("#parent");
  const call = () => module.default({ data, parentElement, setTriggerValue: () => {} });
  const [first, second] = [call(), call()];
  const count = () => parentElement.querySelector(`.${kind}`).children.length;
  const shown = [count()];
  first();
  shown.push(count());
  second();
  shown.push(count());
  return shown;
}
"""
COMPONENTS = {
    "viewer": (
        ("linked_zoom.js", "stack_scroll.js", "viewer.js"),
        {"key": "a", "rows": 4, "columns": 4, "aspect": 1, "two_panes": True, "original_alt": "x"},
    ),
    "worklist": (
        ("worklist.js",),
        {"columns": [["case", "Case"]], "sort": "case", "rising": True, "page": 1, "items": []},
    ),
}


@pytest.mark.browser
@pytest.mark.parametrize("kind", COMPONENTS)
def test_only_the_latest_call_clears_what_is_shown(visit: Visit, kind: str):
    files, data = COMPONENTS[kind]
    visit.page.goto("about:blank")
    shown, overtaken, ended = visit.page.evaluate(RUN, [style.script(*files), kind, data])
    assert shown == overtaken > 0
    assert ended == 0


def test_every_component_cleans_up_by_that_rule():
    components = [
        path.read_text(encoding="utf-8")
        for path in style.ASSETS.glob("*.js")
        if "export default" in path.read_text(encoding="utf-8")
    ]
    assert len(components) == 6
    for code in components:
        assert re.search(r"\n  return latestCall\(\w+, \(\) => \{", code)
        assert "\n  return () =>" not in code
