"""Reads a file of rows whatever its encoding, separator or format, in bounded memory and without Django.

`files.inspect(path)` says how a file is laid out, `files.read(path, layout)` gives its rows one by one.
Nothing here knows what a column means.
"""
