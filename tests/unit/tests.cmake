# One line for each room's unit tests.
