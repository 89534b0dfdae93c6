"""All compiled code: one pass over the rows gives all; each kernel is compiled once.

`families` has the likelihoods of rows, `likelihood` the passes over all rows, `coordinates` the
effects of authorities, strata and neighbourhoods and the way back for their gradients, `scores` the
integrals and passes of the checks. `kernel` says how they are compiled, `cache` where that is kept.
Nothing here knows of specs, designs or PyTensor.
"""
