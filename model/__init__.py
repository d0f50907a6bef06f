"""Which puppy suits a home: the data, the model, and the predictor that answers from it.

No module imports Flask. A server imports ``model.predictor``, which imports none of the training libraries.
``README.md`` lists the modules.
"""
