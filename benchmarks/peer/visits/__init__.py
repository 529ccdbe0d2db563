"""An app of Django that holds one flow: models cannot be imported before it is known."""
