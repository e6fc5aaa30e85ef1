"""The check that the build and `--self-check` run: can the program import everything?"""
