"""What can go wrong, as exceptions. None of them holds item contents."""


class LastwriterError(Exception):
    """Base of all errors of this package."""


class StampError(LastwriterError):
    """A write could not be stamped. Raised to the caller only with `strict=True`."""


class EncryptedItemError(StampError):
    """An item is signed by a client-side encryption library, which would not know a stamp from tampering."""


class NotInstrumented(LastwriterError):
    """`soft_delete`, `revive` or `remembered` was called for a client or a table that `instrument` does not stamp."""
