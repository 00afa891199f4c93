"""Children that are forked while other threads shake TLS hands: each gets through its own handshake.

``python benchmarks/forks.py [TIMES]``, 2,000 unless told otherwise. Exits with an error where a child hangs.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.client.test_forks import fork_while_others_shake_hands

if __name__ == "__main__":
    sys.exit(fork_while_others_shake_hands(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
