"""What a ``model.keras`` may name: plain layers, plain numbers, no functions, no files."""

from __future__ import annotations

ACTIVATIONS = frozenset(
    [
        "elu",
        "gelu",
        "hard_sigmoid",
        "hard_silu",
        "hard_swish",
        "leaky_relu",
        "linear",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    ]
)
LAYERS = frozenset(
    [
        "Activation",
        "Add",
        "Average",
        "AveragePooling2D",
        "BatchNormalization",
        "CenterCrop",
        "Concatenate",
        "Conv2D",
        "Dense",
        "DepthwiseConv2D",
        "Dropout",
        "Flatten",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "GroupNormalization",
        "Identity",
        "InputLayer",
        "LayerNormalization",
        "LeakyReLU",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "Multiply",
        "Normalization",
        "Permute",
        "ReLU",
        "Rescaling",
        "Reshape",
        "SeparableConv2D",
        "Softmax",
        "SpatialDropout2D",
        "Subtract",
        "UpSampling2D",
        "ZeroPadding2D",
    ]
)
# Module -> classes; None allows every class of it: plain numbers, no functions, no files.
ALLOWED: dict[str, frozenset[str] | None] = {
    "keras.layers": LAYERS,
    "keras.initializers": None,
    "keras.regularizers": None,
    "keras.constraints": None,
    "keras": frozenset({"DTypePolicy", "Functional"}),
    "keras.models": frozenset({"Functional"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.dtype_policies": frozenset({"DTypePolicy"}),
}
VALUES = frozenset({"__keras_tensor__", "__tuple__", "__numpy__"})  # Keras's own plain values
