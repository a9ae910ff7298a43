"""Runs a command and prints the peak resident memory of its largest process in bytes.

usage: peak_memory.py COMMAND [ARGUMENT ...]
"""

import resource
import subprocess
import sys

subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
