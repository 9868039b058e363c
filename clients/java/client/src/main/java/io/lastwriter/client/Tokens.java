package io.lastwriter.client;

/** How a transaction with the caller's own ClientRequestToken is stamped. Sent again, it must be the same. */
public enum Tokens {
    /**
     * With what every process adds alike: updates get the count without the time. A put is stamped if it carries stamps or
     * must not exist, and otherwise goes out as it is. The default.
     */
    COUNT,
    /** In full, with a time that this process keeps for ten minutes after the token's last use. */
    REMEMBER,
    /** Not at all: stamp it by hand, with a time that you keep beside the token. */
    LEAVE
}
