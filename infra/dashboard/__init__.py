"""The one source of alarms and dashboards; generate.py makes the templates and the README's sections from it."""
