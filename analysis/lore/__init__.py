"""Figures, findings and checkpoints of LORE, read from its NetCDF files and from nothing else.

Modules import only from lines above their own:

    interpreter                   which Python runs a script
    errors, words                 mistakes of the user; numbers in words
    statistics                    fits, intervals, decisions
    study                         runs and studies in memory
    files                         the one reader of NetCDF files
    forward                       the forward pass of a checkpoint
    torch                         the same as a PyTorch module; batches of `lore export`; nothing imports it
    selections                    which runs are compared with which, and what is read off them
    drawing                       sheets, panels, colours
    figures, findings             by theme; neither imports from the other
    commands                      the command line
    script                        the scripts beside this package
"""
