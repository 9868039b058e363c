package io.lastwriter.client;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import software.amazon.awssdk.awscore.AwsExecutionAttribute;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbRequest;
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
 * <p>UpdateItem, PutItem, BatchWriteItem's puts and TransactWriteItems' updates and puts are stamped. DeleteItem and PartiQL
 * statements are left alone. The stamps that reads return are remembered, go into the puts that carry none, and are hidden
 * from the caller. One interceptor may serve several clients: they share what it remembers.
 *
 * <p>The SDK calls {@code modifyRequest} once per call, before the request is marshalled and not again for its retries, and the
 * other hooks of a request once behind that, before it is signed. Most stamps are put into the body then: see {@link Splice}. The
 * SDK makes up its own ClientRequestToken while it marshalls, so a token seen here is the caller's.
 */
public final class LastwriterInterceptor implements ExecutionInterceptor {
    private static final ExecutionAttribute<PendingCall> PENDING = new ExecutionAttribute<>("LastwriterCall");

    /** What one client's calls are stamped with and read by. */
    private record Replica(URI endpoint, Region signing, Stamper stamper, Answers answers) {}

    /** By what a client's calls are told from another's. */
    private record Place(String endpoint, String signingRegion) {}

    private final Settings settings;
    private final Reporter reporter;
    private final BodyFormat format = new BodyFormat();
    private final Map<Place, Replica> replicas = new ConcurrentHashMap<>();
    /** That of the latest call: most interceptors serve one client. */
    private volatile Replica latest;

    private LastwriterInterceptor(Settings settings) {
        this.settings = settings;
        this.reporter = new Reporter(settings.strict());
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
        if (!(request instanceof DynamoDbRequest) || attributes.getAttribute(PENDING) != null) {
            return request;
        }
        Replica replica;
        try {
            replica = replica(attributes);
        } catch (RuntimeException error) {
            if (Stamper.isWrite(request)) {
                reporter.unstamped(error, "an unknown Region");
            }
            return request;
        }
        PendingCall pending = new PendingCall(this, replica.stamper, replica.answers, reporter, format);
        SdkRequest marshalled = pending.stamp(request);
        attributes.putAttribute(PENDING, pending);
        return marshalled;
    }

    /** Called for asynchronous clients, too: their bodies are streams only where an operation takes one. */
    @Override
    public Optional<RequestBody> modifyHttpContent(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
        PendingCall pending = pending(attributes);
        return pending == null ? context.requestBody() : pending.body(context);
    }

    /** Called with what {@link #modifyHttpContent} was called with, and not with what that made of it. */
    @Override
    public SdkHttpRequest modifyHttpRequest(Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
        PendingCall pending = pending(attributes);
        return pending == null ? context.httpRequest() : pending.head(context);
    }

    @Override
    public SdkResponse modifyResponse(Context.ModifyResponse context, ExecutionAttributes attributes) {
        PendingCall pending = pending(attributes);
        if (pending == null) {
            return context.response();
        }
        try {
            return pending.answers.read(pending.call(), context.response());
        } catch (RuntimeException error) { // The call was made: its answer must reach the caller.
            reporter.unread(error, pending.call().stamper().region);
            return context.response();
        }
    }

    /** Called once, after all of the SDK's retries. */
    @Override
    public Throwable modifyException(Context.FailedExecution context, ExecutionAttributes attributes) {
        PendingCall pending = pending(attributes);
        if (pending == null) {
            return context.exception();
        }
        Throwable error = context.exception();
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        try {
            Throwable shown = pending.answers.failed(pending.call(), cause);
            return shown == cause ? error : shown;
        } catch (RuntimeException unexpected) { // What went wrong with the call must reach the caller.
            reporter.unread(unexpected, pending.call().stamper().region);
            return error;
        }
    }

    /** The call, if it is this interceptor that stamps it; else null. */
    private PendingCall pending(ExecutionAttributes attributes) {
        PendingCall pending = attributes.getAttribute(PENDING);
        return pending == null || pending.owner != this ? null : pending;
    }

    /**
     * An UpdateItem request that marks an item as deleted and lets DynamoDB's TTL purge it a week later. Send it with a client
     * that has this interceptor.
     *
     * @see #softDelete(UpdateItemRequest, String, Duration)
     */
    public UpdateItemRequest softDelete(UpdateItemRequest request, String ttlAttribute) {
        return softDelete(request, ttlAttribute, SoftDelete.DEFAULT_EXPIRES_IN);
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
     * @throws IllegalArgumentException if the table is not stamped, or the request has legacy parameters or an expression that
     *     DynamoDB would reject
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
     * @throws IllegalArgumentException as for {@link #softDelete}
     */
    public UpdateItemRequest revive(UpdateItemRequest request, String ttlAttribute) {
        return SoftDelete.revive(settings, request, ttlAttribute, true);
    }

    /** As {@link #revive(UpdateItemRequest, String)}, but writes where the item is not marked, too. */
    public UpdateItemRequest reviveUnconditionally(UpdateItemRequest request, String ttlAttribute) {
        return SoftDelete.revive(settings, request, ttlAttribute, false);
    }

    /**
     * The stamps that this process remembers of an item: to hand to another process, which adds them to the item that it puts.
     *
     * @param region the Region of the replica in which the item was read or written
     * @param table the table's name or ARN
     * @param key the item's key
     * @return the stamp attributes; none if nothing is remembered
     */
    public Map<String, AttributeValue> remembered(String region, String table, Map<String, AttributeValue> key) {
        Stamps known = Stamps.NONE;
        for (Replica replica : replicas.values()) {
            if (replica.stamper.region.equals(region)) {
                Stamps found = settings.memory().find(replica.stamper.table(table), key);
                known = found == null ? known : known.later(found);
            }
        }
        Map<String, AttributeValue> attributes = new LinkedHashMap<>();
        settings.names().write(known, attributes);
        return attributes;
    }

    // CLIENT_ENDPOINT is deprecated since it may differ from what the endpoint rules make of it. What the caller set, or the
    // Region, is in it all the same, and what has taken its place is none of the SDK's public attributes.
    @SuppressWarnings("deprecation")
    private Replica replica(ExecutionAttributes attributes) {
        URI endpoint = attributes.getAttribute(SdkExecutionAttribute.CLIENT_ENDPOINT);
        Region signing = attributes.getAttribute(AwsExecutionAttribute.AWS_REGION);
        Replica known = latest;
        if (known == null || known.endpoint != endpoint || known.signing != signing) {
            Place place = new Place(String.valueOf(endpoint), signing == null ? null : signing.id());
            Replica found = replicas.computeIfAbsent(place, this::newReplica);
            known = new Replica(endpoint, signing, found.stamper, found.answers);
            latest = known;
        }
        return known;
    }

    private Replica newReplica(Place place) {
        String region = settings.region() != null
                ? settings.region()
                : EndpointRegion.of(place.endpoint, place.signingRegion);
        if (region == null) {
            throw new StampException("the client's Region is unknown: set region(...) of the interceptor's builder");
        }
        if (!EndpointRegion.isName(region)) {
            throw new StampException(EndpointRegion.refusal(region));
        }
        Stamper stamper = new Stamper(settings, region, place.endpoint, TokenMemory.PROCESS);
        return new Replica(null, null, stamper, new Answers(stamper));
    }

    /** The settings of an interceptor. All can be left out. */
    public static final class Builder {
        private String region;
        private String prefix = "lw";
        private StampClock clock = StampClock.SYSTEM;
        private Predicate<String> tables = table -> true;
        private final Map<String, Set<String>> keys = new HashMap<>();
        private Tokens tokens = Tokens.COUNT;
        private Encrypted encrypted = Encrypted.REFUSE;
        private int remember = Memory.CAPACITY;
        private boolean hide = true;
        private boolean strict;

        private Builder() {}

        /**
         * The Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that is not AWS's
         * the Region of the client. Set it if you reach DynamoDB through a proxy, or a DynamoDB with a made-up Region.
         */
        public Builder region(String region) {
            if (!EndpointRegion.isName(region)) {
                throw new IllegalArgumentException(EndpointRegion.refusal(region));
            }
            this.region = region;
            return this;
        }

        /** The first part of the stamp attributes' names; the stream processor's STAMP_PREFIX. Default {@code lw}. */
        public Builder prefix(String prefix) {
            this.prefix = prefix;
            return this;
        }

        /** The clock that stamps are made with. By default the system's. */
        public Builder clock(Clock clock) {
            this.clock = new StampClock(clock);
            return this;
        }

        /** The tables to stamp, by name. By default all. */
        public Builder tables(String... names) {
            Set<String> known = Arrays.stream(names).map(TableSettings::name).collect(Collectors.toUnmodifiableSet());
            return tables(known::contains);
        }

        /** Which tables to stamp. By default all. */
        public Builder tables(Predicate<String> tables) {
            this.tables = tables;
            return this;
        }

        /**
         * The names of a table's key attributes, so that its items are remembered from the first query on, and a put's
         * condition is understood exactly. By default they are learnt from requests, and each attribute of an item that is put
         * under a condition is taken for a possible key.
         */
        public Builder keys(String table, Collection<String> names) {
            keys.put(TableSettings.name(table), Set.copyOf(names));
            return this;
        }

        /** How a transaction with the caller's own ClientRequestToken is stamped. By default {@link Tokens#COUNT}. */
        public Builder tokens(Tokens tokens) {
            this.tokens = tokens;
            return this;
        }

        /** What to do with items that client-side encryption has signed. By default {@link Encrypted#REFUSE}. */
        public Builder encrypted(Encrypted encrypted) {
            this.encrypted = encrypted;
            return this;
        }

        /** Of how many items the stamps are remembered, those used last. 10,000 by default; 0 turns it off. */
        public Builder remember(int items) {
            this.remember = items;
            return this;
        }

        /** Whether stamps are taken out of what reads and ReturnValues return, unless asked for by name. On by default. */
        public Builder hide(boolean hide) {
            this.hide = hide;
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

        /**
         * The interceptor. Later changes to this builder do not reach it.
         *
         * @throws IllegalArgumentException if a setting is none that can be
         */
        public LastwriterInterceptor build() {
            TableSettings tableSettings = new TableSettings(tables, Map.copyOf(keys), encrypted == Encrypted.REFUSE);
            StampNames names = new StampNames(prefix);
            return new LastwriterInterceptor(
                    new Settings(region, names, clock, tableSettings, tokens, new Memory(remember), hide, strict));
        }
    }
}
