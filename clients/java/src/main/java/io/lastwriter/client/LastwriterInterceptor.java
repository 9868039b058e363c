package io.lastwriter.client;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import software.amazon.awssdk.awscore.AwsExecutionAttribute;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * Stamps every write of a DynamoDB client, synchronous or not, and of the enhanced clients made from it:
 *
 * <pre>{@code
 * DynamoDbClient client = DynamoDbClient.builder()
 *     .overrideConfiguration(c -> c.addExecutionInterceptor(LastwriterInterceptor.create()))
 *     .build();
 * }</pre>
 *
 * <p>UpdateItem, PutItem, BatchWriteItem's puts and TransactWriteItems' updates and puts are stamped. DeleteItem, PartiQL
 * statements and all reads are left alone.
 *
 * <p>The SDK calls {@code modifyRequest} once per call, before the request is marshalled and not again for its retries. The
 * SDK makes up its own ClientRequestToken while it marshalls, so a token seen here is the caller's.
 */
public final class LastwriterInterceptor implements ExecutionInterceptor {
    private static final Logger LOGGER = Logger.getLogger("lastwriter");
    private static final ExecutionAttribute<Stamper> STAMPER = new ExecutionAttribute<>("LastwriterStamper");

    private final Builder settings;
    private final AtomicBoolean logged = new AtomicBoolean();

    private LastwriterInterceptor(Builder settings) {
        this.settings = settings;
    }

    /** An interceptor with the default settings. */
    public static LastwriterInterceptor create() {
        return builder().build();
    }

    /** A builder, for other settings. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
        SdkRequest request = context.request();
        boolean write = request instanceof UpdateItemRequest
                || request instanceof PutItemRequest
                || request instanceof TransactWriteItemsRequest
                || request instanceof BatchWriteItemRequest;
        if (!write) {
            return request;
        }
        try {
            String region = regionOf(attributes);
            String token = request instanceof TransactWriteItemsRequest transaction
                    ? transaction.clientRequestToken()
                    : null;
            if (token != null && !settings.rememberTokens) {
                return request;
            }
            long time = token == null
                    ? settings.clock.now()
                    : TokenMemory.PROCESS.recall(region + " " + token, settings.clock::now);
            Stamper stamper = new Stamper(settings, region, time, this::failed);
            SdkRequest stamped = stamper.stamp(request);
            attributes.putAttribute(STAMPER, stamper);
            return stamped;
        } catch (RuntimeException error) {
            failed(error);
            return request;
        }
    }

    @Override
    public SdkResponse modifyResponse(Context.ModifyResponse context, ExecutionAttributes attributes) {
        Stamper stamper = attributes.getAttribute(STAMPER);
        if (stamper == null
                || !(context.response() instanceof BatchWriteItemResponse response)
                || !response.hasUnprocessedItems()) {
            return context.response();
        }
        try {
            return response.toBuilder().unprocessedItems(stamper.takeBack(response.unprocessedItems())).build();
        } catch (RuntimeException error) {
            log(error); // The batch was written: its answer must reach the caller.
            return response;
        }
    }

    /**
     * An UpdateItem request that marks an item as deleted and lets DynamoDB's TTL purge it later. Send it with a client that
     * has this interceptor.
     *
     * <p>The item stays until TTL removes it: reads return it, with {@code lw:deleted}, and conditional creates on its key
     * fail. Without a condition a mark is also left where there was no item, as UpdateItem does.
     *
     * @param request the table, the key, and whatever else is to be in the same update: a condition, further changes
     * @param ttlAttribute the table's TTL attribute
     * @param expiresIn how long until TTL may purge the item; a week is longer than most outages that delay replication
     */
    public UpdateItemRequest softDelete(UpdateItemRequest request, String ttlAttribute, Duration expiresIn) {
        return SoftDelete.mark(settings, request, ttlAttribute, expiresIn);
    }

    /**
     * An UpdateItem request that brings back an item that {@link #softDelete} marked: it removes the mark and the TTL
     * attribute, and fails with ConditionalCheckFailedException where the item is not marked, so that nothing is made of an
     * item that TTL has purged. Give it an update expression for new contents, which is how an item is created again.
     *
     * @param request the table, the key, and whatever else is to be in the same update
     * @param ttlAttribute the table's TTL attribute
     */
    public UpdateItemRequest revive(UpdateItemRequest request, String ttlAttribute) {
        return SoftDelete.revive(settings, request, ttlAttribute);
    }

    private String regionOf(ExecutionAttributes attributes) {
        if (settings.region != null) {
            return settings.region;
        }
        URI endpoint = attributes.getAttribute(SdkExecutionAttribute.CLIENT_ENDPOINT);
        Region region = attributes.getAttribute(AwsExecutionAttribute.AWS_REGION);
        String found = EndpointRegion.of(
                endpoint == null ? null : endpoint.toString(), region == null ? null : region.id());
        if (found == null) {
            throw new StampException("the client's Region is unknown: set region on the interceptor", null);
        }
        return EndpointRegion.check(found);
    }

    /** A write must not fail for its stamp, unless that was asked for. */
    private void failed(RuntimeException error) {
        if (!settings.strict) {
            log(error);
        } else if (error instanceof StampException) {
            throw error;
        } else {
            throw new StampException("the write could not be stamped: " + error.getClass().getSimpleName(), error);
        }
    }

    private void log(RuntimeException error) {
        if (logged.compareAndSet(false, true)) {
            // An unknown error's message may hold a key or a value, so only its kind is told.
            String reason = error instanceof StampException ? error.getMessage() : error.getClass().getSimpleName();
            LOGGER.log(Level.SEVERE, "a write went out without its stamp (told once): {0}", reason);
        }
    }

    /** The settings of an interceptor. All can be left out. */
    public static final class Builder {
        String region;
        String prefix = "lw";
        StampClock clock = StampClock.SYSTEM;
        Predicate<String> tables = table -> true;
        Map<String, Set<String>> keys = new HashMap<>();
        boolean rememberTokens = true;
        boolean strict;

        private Builder() {}

        /**
         * The Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that is not AWS's
         * the Region of the client. Set it if you reach DynamoDB through a proxy.
         */
        public Builder region(String region) {
            this.region = EndpointRegion.check(region);
            return this;
        }

        /** The first part of the stamp attributes' names; the stream processor's STAMP_PREFIX. Default {@code lw}. */
        public Builder prefix(String prefix) {
            if (prefix.isEmpty() || prefix.contains(":")) {
                throw new IllegalArgumentException("prefix must be some text without a colon");
            }
            this.prefix = prefix;
            return this;
        }

        /** The clock that stamps are made with. By default the system's. */
        public Builder clock(Clock clock) {
            this.clock = new StampClock(clock);
            return this;
        }

        /** The tables to stamp. By default all. */
        public Builder tables(Predicate<String> tables) {
            this.tables = tables;
            return this;
        }

        /**
         * The names of a table's key attributes, so that a put's condition can be understood exactly. By default each
         * attribute of the item that is put is taken for a possible key.
         */
        public Builder keys(String table, Collection<String> names) {
            keys.put(Stamper.tableName(table), names.stream().collect(Collectors.toUnmodifiableSet()));
            return this;
        }

        /**
         * Whether a transaction with the caller's own ClientRequestToken is stamped, and the stamp remembered for ten minutes
         * for a retry in this process (the default), or left alone.
         */
        public Builder rememberTokens(boolean rememberTokens) {
            this.rememberTokens = rememberTokens;
            return this;
        }

        /**
         * Whether to throw {@link StampException}, and not write, where a write cannot be stamped. By default such a write
         * goes out without a stamp, and the first one is logged.
         */
        public Builder strict(boolean strict) {
            this.strict = strict;
            return this;
        }

        /** The interceptor. Later changes to this builder do not reach it. */
        public LastwriterInterceptor build() {
            Builder copy = new Builder();
            copy.region = region;
            copy.prefix = prefix;
            copy.clock = clock;
            copy.tables = tables;
            copy.keys = Map.copyOf(keys);
            copy.rememberTokens = rememberTokens;
            copy.strict = strict;
            return new LastwriterInterceptor(copy);
        }

        boolean covers(String table) {
            return table != null && tables.test(Stamper.tableName(table));
        }
    }
}
