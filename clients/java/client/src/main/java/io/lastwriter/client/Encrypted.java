package io.lastwriter.client;

/** What to do with items that a client-side encryption library has signed. */
public enum Encrypted {
    /** Do not stamp them, nor updates of their tables: the library's reader would take a stamp for tampering. The default. */
    REFUSE,
    /** Stamp them. Tell the library first that stamps are neither encrypted nor signed, in every application of the table. */
    STAMP
}
