"""The saliency methods as data: a page or a command lists them without loading what they need."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """One method.

    Attributes
    ----------
    key : str
        Name on the command line and in results.
    title : str
    needs_gradients : bool
        Whether it differentiates the Keras network; otherwise the engine's pass is enough.
    cost : str
        What one map costs, in words.
    source : str
        Paper.
    caution : str
        What a map of it does not show, in one sentence for a person.
    """

    key: str
    title: str
    needs_gradients: bool
    cost: str
    source: str
    caution: str


METHODS = {
    spec.key: spec
    for spec in (
        MethodSpec(
            key="grad_cam",
            title="Grad-CAM",
            needs_gradients=False,
            cost="none: every class from the pass that gives the answer",
            source="Selvaraju et al., Grad-CAM, ICCV 2017; its closed form: Zhou et al., CAM, 2016",
            caution="It shows which places raise the score of this class, coarsely; it does not "
            "outline disease, and a place it leaves dark may still hold a finding.",
        ),
    )
}
DEFAULT_METHOD = "grad_cam"


def method_spec(key: str) -> MethodSpec:
    """Return the method of that key.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    if key not in METHODS:
        raise ArgumentError(
            f"There is no saliency method {key!r}.", remedy=f"Methods: {', '.join(METHODS)}."
        )
    return METHODS[key]
