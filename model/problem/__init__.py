"""What is asked and answered: ``problem.toml`` as types, its checks, and the readers of what people send.

``description`` holds the types, ``loading`` and ``checks`` read the file, ``features`` reads one value,
``rows`` the values of one row, and ``table`` the columns of a CSV or of a list in JSON.
"""
