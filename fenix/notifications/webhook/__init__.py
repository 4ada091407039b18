"""Calling the managers that projects have registered themselves.

``targets`` says who may be called, ``secrets`` how secrets are kept, ``body`` what is sent,
``call`` sends it, ``caller`` puts them together for the outbox.
"""
