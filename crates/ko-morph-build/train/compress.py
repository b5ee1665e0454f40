"""Compresses a file to the same bytes each time: `compress.py FILE` writes FILE.gz."""
import gzip
import pathlib
import sys

path = pathlib.Path(sys.argv[1])
path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
