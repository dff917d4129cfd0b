"""What people set: the configuration, the film sheet, subtitle profiles, what each stage asks of a machine."""
