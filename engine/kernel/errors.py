"""What the kernel raises, drawn as one tree. It must not import anything of ours.

    KernelError
    ├── NotWaiting       the token of the command is not there, or does not wait for this
    ├── NotStorable      a state or model of another format
    ├── OperationError   what a registered operation raises to end in an error of the diagram
    └── CannotGoOn       an element could not be carried out; becomes an incident
"""


class KernelError(Exception):
    """The kernel refused."""


class NotWaiting(KernelError):
    """No token waits for this here: it went on, was withdrawn, or never existed."""


class NotStorable(KernelError):
    """This format is not known to this version."""


class OperationError(KernelError):
    """An operation did not do what it is there for; ``code`` is the error that the diagram catches."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CannotGoOn(KernelError):
    """An element cannot be carried out; the message says why, in Japanese, without any content of the case."""
