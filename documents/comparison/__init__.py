"""Three ways of removing files, tried in the same scenarios.

An app of its own that only the processes started by `compare_cleanup` install: the site never has
its models, nor the naive engine.
"""
