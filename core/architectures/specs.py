"""The architectures one can choose, as data: nothing here imports Keras.

Every architecture but logistic regression becomes one flat graph that ends in ``feature_map`` ->
global average pooling -> one dense layer, which is what gives the class maps their closed form
(Zhou et al. 2016, "Learning deep features for discriminative localization").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import TrainingError

Scaling = Literal["unit", "symmetric", "torch", "caffe"]


@dataclass(frozen=True, slots=True)
class BackboneFile:
    """A file of ImageNet weights without the classifier.

    Attributes
    ----------
    name : str
        File name inside the backbone folder.
    reaches : str or None
        Last layer that the file holds weights for; None: the whole network.
    """

    name: str
    reaches: str | None = None


@dataclass(frozen=True, slots=True)
class ArchitectureSpec:
    """Everything that is known about an architecture before it is built.

    Attributes
    ----------
    key, title : str
    builder : str
        Dotted name of ``f(input_tensor, weights) -> keras.Model`` (a heavy module).
    input_size : tuple of int
        Default (rows, columns).
    scaling : str
        How RGB 0..255 is scaled inside the network: unit (0..1), symmetric (-1..1), torch
        (ImageNet mean and deviation), caffe (ImageNet mean; the weights expect BGR).
    freeze_until : str or None
        Last layer of the frozen lower blocks (the *stem*); None: everything is trained.
    gate_layer : str
        Layer whose pooled activations feed the gate; at or below ``freeze_until``.
    files : tuple of BackboneFile
        Weights that the backbone folder may hold; the first one found is used.
    download : str or None
        Name of the file in Keras's own download cache.
    end_layer : str or None
        Last backbone layer used; None: the backbone's own end.
    beside_layers : tuple of str
        Lower layers whose maps stand beside that of ``end_layer``, on the same grid.
    added_filters : tuple of int
        Widths of trainable separable blocks on top of ``end_layer``.
    least_side : int
        Smallest side of a picture that it can be built for: below it, nothing is left of the last
        map (``keras.applications`` refuses such sizes).
    has_feature_map : bool
        False for logistic regression: one dense layer on the pixels, no map and no pooling.
    half_engine : bool
        Store large constants of the engine graph in half precision, so that a version stays small.
    """

    key: str
    title: str
    builder: str
    input_size: tuple[int, int]
    scaling: Scaling
    gate_layer: str
    freeze_until: str | None = None
    files: tuple[BackboneFile, ...] = ()
    download: str | None = None
    end_layer: str | None = None
    beside_layers: tuple[str, ...] = ()
    added_filters: tuple[int, ...] = ()
    half_engine: bool = False
    least_side: int = 32
    has_feature_map: bool = True

    @property
    def head_input(self) -> str:
        """Name of the layer whose output the head (dropout and one dense layer) takes."""
        return "pooled" if self.has_feature_map else "flat"

    @property
    def has_imagenet_weights(self) -> bool:
        """Whether weights exist to begin with; without them a network begins at random."""
        return bool(self.files or self.download)

    def title_up_to(self, end_layer: str | None) -> str:
        """Return the title, and where the network ends if its weight file reaches no further.

        >>> ARCHITECTURES["resnet50"].title_up_to("conv4_block6_out")
        'ResNet50 up to conv4'
        """
        if end_layer not in {file.reaches for file in self.files if file.reaches}:
            return self.title
        return f"{self.title} up to {str(end_layer).partition('_')[0]}"


_MOBILENET_FILE = BackboneFile("mobilenet_v1_0.75_224_notop.weights.h5")
_BUILDERS = "core.architectures.backbones"

ARCHITECTURES: dict[str, ArchitectureSpec] = {
    spec.key: spec
    for spec in (
        ArchitectureSpec(
            key="mobilenet",
            title="MobileNet 0.75",
            builder=f"{_BUILDERS}.mobilenet",
            input_size=(224, 224),
            scaling="symmetric",
            gate_layer="conv_pw_7_relu",
            freeze_until="conv_pw_7_relu",
            files=(_MOBILENET_FILE,),
            download="mobilenet_7_5_224_tf_no_top.h5",
        ),
        ArchitectureSpec(
            key="densenet169",
            title="DenseNet169",
            builder=f"{_BUILDERS}.densenet169",
            input_size=(224, 224),
            scaling="torch",
            gate_layer="pool3_relu",
            freeze_until="pool3_pool",
            half_engine=True,
            files=(BackboneFile("densenet169_notop_half.weights.h5"),),
            download="densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        ArchitectureSpec(
            key="resnet50",
            title="ResNet50",
            builder=f"{_BUILDERS}.resnet50",
            input_size=(224, 224),
            scaling="caffe",
            gate_layer="conv3_block4_out",
            freeze_until="conv3_block4_out",
            half_engine=True,
            files=(
                BackboneFile("resnet50_notop.weights.h5"),
                BackboneFile("resnet50_to_conv4_notop_half.weights.h5", "conv4_block6_out"),
            ),
            download="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        ArchitectureSpec(
            key="simple_cnn",
            title="Simple CNN, four blocks, from scratch",
            builder=f"{_BUILDERS}.simple_cnn",
            input_size=(128, 128),
            scaling="unit",
            gate_layer="block2_relu",
        ),
        ArchitectureSpec(
            key="mobilenet_small",
            title="MobileNet 0.75 up to its 7th block, for teaching",
            builder=f"{_BUILDERS}.mobilenet",
            input_size=(160, 160),
            scaling="symmetric",
            gate_layer="conv_pw_3_relu",
            freeze_until="conv_pw_3_relu",
            files=(_MOBILENET_FILE,),
            download="mobilenet_7_5_224_tf_no_top.h5",
            end_layer="conv_pw_7_relu",
            half_engine=True,
        ),
        ArchitectureSpec(
            key="vgg16",
            title="VGG16 up to its last convolution",
            builder=f"{_BUILDERS}.vgg16",
            input_size=(224, 224),
            scaling="caffe",
            gate_layer="block3_conv3",
            freeze_until="block3_conv3",
            half_engine=True,
            files=(BackboneFile("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"),),
            download="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            end_layer="block5_conv3",
        ),
        ArchitectureSpec(
            key="resnet50v2",
            title="ResNet50V2",
            builder=f"{_BUILDERS}.resnet50v2",
            input_size=(224, 224),
            scaling="symmetric",
            gate_layer="conv3_block4_out",
            freeze_until="conv3_block4_out",
            half_engine=True,
            files=(BackboneFile("resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"),),
            download="resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        ArchitectureSpec(
            key="inception_v3",
            title="InceptionV3",
            builder=f"{_BUILDERS}.inception_v3",
            input_size=(299, 299),
            scaling="symmetric",
            gate_layer="mixed2",
            freeze_until="mixed2",
            half_engine=True,
            least_side=75,
            files=(BackboneFile("inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"),),
            download="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        ArchitectureSpec(
            key="efficientnet_b0",
            title="EfficientNet-B0",
            builder=f"{_BUILDERS}.efficientnet_b0",
            input_size=(224, 224),
            scaling="torch",
            gate_layer="block3b_add",
            freeze_until="block3b_add",
            half_engine=True,
            files=(BackboneFile("efficientnetb0_notop.h5"),),
            download="efficientnetb0_notop.h5",
        ),
        ArchitectureSpec(
            key="efficientnet_b3",
            title="EfficientNet-B3",
            builder=f"{_BUILDERS}.efficientnet_b3",
            input_size=(300, 300),
            scaling="torch",
            gate_layer="block3c_add",
            freeze_until="block3c_add",
            half_engine=True,
            files=(BackboneFile("efficientnetb3_notop.h5"),),
            download="efficientnetb3_notop.h5",
        ),
        ArchitectureSpec(
            key="logistic_regression",
            title="Logistic regression on the pixels",
            builder=f"{_BUILDERS}.pixel_cells",
            input_size=(128, 128),
            scaling="unit",
            gate_layer="cells",
            has_feature_map=False,
        ),
        ArchitectureSpec(
            key="feature_regression",
            title="Logistic regression on colour, texture and shape",
            builder="core.architectures.features.picture_features",
            input_size=(224, 224),
            scaling="unit",
            gate_layer="features",
        ),
    )
}


def architecture(key: str) -> ArchitectureSpec:
    """Return the architecture of that key.

    Raises
    ------
    TrainingError
        If there is none.
    """
    if key not in ARCHITECTURES:
        raise TrainingError(
            f"There is no architecture {key!r}.",
            remedy=f"Architectures: {', '.join(ARCHITECTURES)}.",
            column="architecture",
        )
    return ARCHITECTURES[key]
