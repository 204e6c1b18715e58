"""`python -m pipeline` is the command `testimony`."""

from pipeline.cli import main

main(prog_name="testimony")
