"""Run a command in a small process of its own and print, as JSON, what the command used.

Called with the file that gets what the command prints, then the command.  A process starts with
the peak memory of the one that starts it, so a large one must not start what is measured; this
one imports next to nothing.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run, wait, print."""
    _, file, *command = sys.argv
    said = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    streams = [(os.POSIX_SPAWN_DUP2, said, stream) for stream in (1, 2)]
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=streams)
    _, status, used = os.wait4(process, 0)
    figures = {
        "code": os.waitstatus_to_exitcode(status),
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": time.perf_counter() - began,
        "peak_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
