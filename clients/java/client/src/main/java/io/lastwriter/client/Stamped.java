package io.lastwriter.client;

import java.util.List;
import software.amazon.awssdk.core.SdkRequest;

/**
 * A request that carries a stamp. Where a batch or a transaction has several writes, each does.
 *
 * @param time the time in the stamp, in microseconds
 * @param puts the stamps of its puts, in their order; null for one that could not be stamped
 */
record Stamped(SdkRequest request, long time, List<Stamps> puts) {}
