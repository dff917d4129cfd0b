"""What Samvad's stage scripts share.

The modules at the top of this package are used by two stages or more. A folder (``demux``, ``asr``, …) holds
what only that stage needs. Heavy libraries are imported inside the one function that uses them, so that every
script answers ``--help`` under a plain Python 3.11.
"""

__version__ = "0.1.0"
