"""Cases, inbox, meetings, access and watch: what happens to a case. It must not import flask or web."""
