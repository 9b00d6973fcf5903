"""Cases on their page, for tests: add some, open one as a reader, say something of it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.workflows.adding_cases import CaseFacts, add_bytes
from core.workflows.analyst import open_analyst
from core.workflows.verdicts import Verdict, record_verdict
from pages._shared import state
from tests.pages.looking import encoded, picture

FIRST, SECOND, THIRD = "A. First", "B. Second", "C. Third"


def add(seed: int = 40, **said: object) -> str:
    """Make a case of a drawn picture that the small version lets in; return its number."""
    facts = CaseFacts(FIRST, already_applied=(), **said)
    added = add_bytes(open_analyst("kidney_ct"), encoded(picture(seed)), said=facts)
    assert added.status == "added", added
    return str(added.case_id)


def open_case(app: AppTest, case_id: str, who: str = "") -> AppTest:
    """Open a case by its address, as a reader."""
    app.query_params["case"] = case_id
    app.switch_page("pages/case.py").run()
    assert not app.exception
    return as_reader(app, who) if who else app


def as_reader(app: AppTest, who: str) -> AppTest:
    """Say who reads."""
    app.text_input(key=state.READER_FIELD).set_value(who).run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    """Press the button whose label begins so."""
    [button] = [item for item in app.button if item.label.startswith(label)]
    button.click().run()
    assert not app.exception
    return app


def choose(app: AppTest, verdict: str) -> AppTest:
    """Choose a class in the form of a verdict or of a consensus."""
    field(app, "verdict").set_value(verdict).run()
    assert not app.exception
    return app


def write(app: AppTest, comment: str) -> AppTest:
    """Write a comment into the form."""
    app.text_area[0].set_value(comment).run()
    assert not app.exception
    return app


def field(app: AppTest, name: str):
    """Return a field of the form by its name."""
    [found] = [item for item in app.segmented_control if str(item.key).startswith(f"case.{name}.")]
    return found


def says(case_id: str, who: str, verdict: str, **changes: object) -> None:
    """Record a verdict as another session would."""
    record_verdict(
        Verdict(case_id, who, verdict, f"{case_id} {who} {verdict} {changes}", **changes)
    )
