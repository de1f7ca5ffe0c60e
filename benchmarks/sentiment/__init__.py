"""The sentiment model measured: accuracy per language on held-out sentences, the confusion matrix, speed; and its training."""
