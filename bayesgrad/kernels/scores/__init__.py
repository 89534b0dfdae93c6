"""Kernels of the checks: passes over rows and draws that the interpreter would be too slow for."""
