"""Mutation testing: changes one operator, number or keyword of a module at a time, and runs the module's tests."""
