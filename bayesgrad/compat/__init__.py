"""All that is private to other libraries, so that a new version of one is met in one place.

Upper bounds on numba, llvmlite, PyTensor and nutpie in pyproject.toml stand for what is here.
"""
