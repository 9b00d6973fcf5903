"""Tests; a package of its own name, because tf-keras-vis installs one called ``tests`` too."""
