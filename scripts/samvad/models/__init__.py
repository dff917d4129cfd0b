"""Weights of models, and the network that they come over."""
