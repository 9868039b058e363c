package io.lastwriter.client;

/**
 * What an interceptor was told, and what the clients that it stamps share.
 *
 * @param region the Region to stamp with; null for that of each client
 * @param hide whether stamps are taken out of what the caller gets
 */
record Settings(
        String region,
        StampNames names,
        StampClock clock,
        TableSettings tables,
        Tokens tokens,
        Memory memory,
        boolean hide,
        boolean strict) {}
