"""A process whose first thread ends before its others, as most with a framework do for a moment."""

import platform

_EXIT = {"x86_64": 60, "aarch64": 93}.get(platform.machine())
"""The number of the system call that ends one thread (`exit`, not `exit_group`)."""

FIRST_THREAD_ENDS = (
    _EXIT
    and f"""
import ctypes, os, pathlib, sys, threading, time

def go_on():
    while not pathlib.Path(sys.argv[1]).exists():
        time.sleep(0.01)
    print("last words", flush=True)
    os._exit(int(sys.argv[2]))

threading.Thread(target=go_on).start()
ctypes.CDLL(None).syscall({_EXIT}, 0)
"""
)
"""Source of a program that goes on in a second thread until a path (its first argument) exists, and exits with its
second; None on a machine of which the system call's number is not known."""
