"""The saliency methods as data: a page or a command lists them without loading what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import ArgumentError

Kind = Literal["engine", "keras", "linear"]
_HERE = "core.saliency"


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """One method.

    Attributes
    ----------
    key : str
        Name on the command line and in results.
    title : str
    kind : str
        engine: from the engine's graph alone; keras: differentiates the Keras network, in a
        process of its own; linear: from the engine's graph, for linear networks alone.
    module : str
        Dotted name of the module that computes it.
    needs_gradients : bool
        Whether it differentiates the network, in the engine or in Keras.
    needs_feature_map : bool
        Whether it can only be made of a network with a last feature map.
    needs_layers : bool
        Whether it can only be made of a version that names its layers.
    needs_depths : bool
        Whether it can only be made of a network with finer layers that everything flows through; a
        branch beside the backbone leaves none.
    takes_many_passes : bool
        Whether a map takes so many passes that a page cannot wait for it.
    is_class_specific : bool
        False: the map is the same for every class.
    unit : str
        Of its raw values, so that those of two classes can be compared; empty where they have none.
    cost : str
        What one map costs, in words.
    source : str
        Paper.
    caution : str
        What a map of it does not show, in one sentence for a person.
    """

    key: str
    title: str
    kind: Kind
    module: str
    needs_gradients: bool
    cost: str
    source: str
    caution: str
    needs_feature_map: bool = False
    needs_layers: bool = False
    needs_depths: bool = False
    takes_many_passes: bool = False
    is_class_specific: bool = True
    unit: str = "logits"

    @property
    def is_quick(self) -> bool:
        """Whether a map is there before a page is painted."""
        return self.kind != "keras" and not self.takes_many_passes


_GRADIENT = "logits per grey value"
_ONE_PASS = "none: every class from the pass that gives the answer"
_MANY_CHANGED = "It shows pictures to the network that it was never trained on, and "

METHODS = {
    spec.key: spec
    for spec in (
        MethodSpec(
            key="grad_cam",
            title="Grad-CAM",
            kind="engine",
            module=f"{_HERE}.grad_cam",
            needs_gradients=False,
            needs_feature_map=True,
            cost=_ONE_PASS,
            source="Selvaraju et al., Grad-CAM, ICCV 2017; its closed form: Zhou et al., CAM, 2016",
            caution="It shows which places raise the score of this class, coarsely; it does not "
            "outline disease, and a place it leaves dark may still hold a finding.",
        ),
        MethodSpec(
            key="hires_cam",
            title="HiResCAM",
            kind="engine",
            module=f"{_HERE}.hires_cam",
            needs_gradients=False,
            needs_feature_map=True,
            cost=_ONE_PASS,
            source="Draelos and Carin, HiResCAM, 2020, arXiv:2011.08891",
            caution="For these networks it is the same map as Grad-CAM, by proof: that the two "
            "agree is no second opinion.",
        ),
        MethodSpec(
            key="grad_cam_plus_plus",
            title="Grad-CAM++",
            kind="engine",
            module=f"{_HERE}.grad_cam_plus_plus",
            needs_gradients=False,
            needs_feature_map=True,
            cost=_ONE_PASS,
            source="Chattopadhay et al., Grad-CAM++, WACV 2018",
            caution="It counts what speaks for the class and leaves out what speaks against it, "
            "so it lights up larger areas than the score alone would justify.",
        ),
        MethodSpec(
            key="layer_cam",
            title="LayerCAM",
            kind="engine",
            module=f"{_HERE}.layer_cam",
            needs_gradients=False,
            needs_feature_map=True,
            cost=_ONE_PASS,
            source="Jiang et al., LayerCAM, IEEE Transactions on Image Processing 2021",
            caution="It counts what speaks for the class and leaves out what speaks against it; "
            "a class with a low score can still light up.",
        ),
        MethodSpec(
            key="layer_cam_fusion",
            title="LayerCAM, three depths",
            kind="engine",
            module=f"{_HERE}.layer_cam_fusion",
            needs_gradients=True,
            needs_feature_map=True,
            needs_layers=True,
            needs_depths=True,
            cost="about five passes: forward and back through the engine",
            source="Jiang et al., LayerCAM, IEEE Transactions on Image Processing 2021",
            caution="Its fine detail comes from shallow layers, which follow edges whatever the "
            "class is; believe a place where the coarse map is lit as well.",
        ),
        MethodSpec(
            key="eigen_cam",
            title="Eigen-CAM",
            kind="engine",
            module=f"{_HERE}.eigen_cam",
            needs_gradients=False,
            needs_feature_map=True,
            is_class_specific=False,
            unit="",
            cost=_ONE_PASS,
            source="Muhammad and Yeasin, Eigen-CAM, IJCNN 2020",
            caution="It is the same map for every class: what the network represents most "
            "strongly, not what speaks for a diagnosis.",
        ),
        MethodSpec(
            key="score_cam",
            title="Score-CAM",
            kind="engine",
            module=f"{_HERE}.score_cam",
            needs_gradients=False,
            needs_feature_map=True,
            unit="",
            takes_many_passes=True,
            cost="one pass for every group of channels, 48 without more",
            source="Wang et al., Score-CAM, CVPR Workshops 2020",
            caution=_MANY_CHANGED + "it weighs channels that light up together as one.",
        ),
        MethodSpec(
            key="occlusion",
            title="Occlusion",
            kind="engine",
            module=f"{_HERE}.occlusion",
            needs_gradients=False,
            takes_many_passes=True,
            cost="some two hundred passes",
            source="Zeiler and Fergus, ECCV 2014",
            caution=_MANY_CHANGED + "finds nothing where the same sign stands in two places.",
        ),
        MethodSpec(
            key="rise",
            title="RISE",
            kind="engine",
            module=f"{_HERE}.rise",
            needs_gradients=False,
            takes_many_passes=True,
            cost="512 passes",
            source="Petsiuk et al., RISE, BMVC 2018",
            caution=_MANY_CHANGED + "the masks are drawn by chance: small spots are noise.",
        ),
        MethodSpec(
            key="saliency",
            title="Saliency",
            kind="keras",
            module=f"{_HERE}.saliency_map",
            needs_gradients=True,
            unit=_GRADIENT,
            cost="one pass forward and back; TensorFlow starts once",
            source="Simonyan et al., 2014, arXiv:1312.6034",
            caution="It shows which pixels would change the score if they changed a little, which "
            "is noisy and follows edges; it does not show what the score is made of.",
        ),
        MethodSpec(
            key="smooth_grad",
            title="SmoothGrad",
            kind="keras",
            module=f"{_HERE}.smooth_grad",
            needs_gradients=True,
            unit=_GRADIENT,
            cost="some twenty passes forward and back; TensorFlow starts once",
            source="Smilkov et al., SmoothGrad, 2017, arXiv:1706.03825",
            caution="Averaging takes out noise, not the tendency to follow edges: a neat outline "
            "is no proof that the network used the shape.",
        ),
        MethodSpec(
            key="integrated_gradients",
            title="Integrated gradients",
            kind="engine",
            module=f"{_HERE}.integrated_gradients",
            needs_gradients=True,
            takes_many_passes=True,
            cost="64 passes forward and back through the engine",
            source="Sundararajan et al., Axiomatic attribution, ICML 2017",
            caution="It measures against a black picture: what is black in yours gets nothing, "
            "even where its being dark is the sign.",
        ),
        MethodSpec(
            key="exact_linear",
            title="Exact contributions",
            kind="linear",
            module=f"{_HERE}.exact_linear",
            needs_gradients=True,
            cost="one pass forward and back through the engine",
            source="the definition of a linear score",
            caution="It is exact for the score, and the score of a linear model follows where "
            "things lie in the picture; only what speaks for the class is drawn.",
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
