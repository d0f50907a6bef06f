"""Which puppy suits a home: the data, the model, and the predictor that answers from it.

Nothing here knows of Flask. What a server imports (``model.predictor`` and what it needs) is free of all that
training alone needs. ``README.md`` says which module holds what.
"""
