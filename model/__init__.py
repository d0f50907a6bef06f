"""Which puppy suits a home: the data, the model, and the predictor that answers from it.

No module imports Flask. The server imports ``model.predictor``, which imports none of the libraries that only
training needs. ``README.md`` lists the modules.
"""
