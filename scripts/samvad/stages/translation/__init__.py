"""Translation of what is said: the backends of stage 08 and what they share."""
