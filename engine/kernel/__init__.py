"""Model, state, command and context in; new state and events out. No I/O, no clock; the only importer of SpiffWorkflow."""
