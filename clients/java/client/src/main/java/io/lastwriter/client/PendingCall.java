package io.lastwriter.client;

import java.util.Optional;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpRequest;

/**
 * A call on its way, from what the caller asked for to its answer. One thread at a time has it.
 *
 * <p>A stamp goes into the request where the SDK has not shown yet that it makes JSON of requests, or the stamp does more than
 * add to it. Else it goes into the body, which costs less.
 */
final class PendingCall {
    /** The interceptor that stamps the call: a client may have been given two. */
    final LastwriterInterceptor owner;

    final Answers answers;
    private final Stamper stamper;
    private final Reporter reporter;
    private final BodyFormat format;
    private Call call;
    /** What is yet to be put into the body; null for nothing. */
    private Splice splice;
    /** The body with the stamp; null while it is the SDK's. */
    private SplicedBody body;

    PendingCall(LastwriterInterceptor owner, Stamper stamper, Answers answers, Reporter reporter, BodyFormat format) {
        this.owner = owner;
        this.stamper = stamper;
        this.answers = answers;
        this.reporter = reporter;
        this.format = format;
    }

    Call call() {
        return call;
    }

    /** Stamps a request, and gives what is to be marshalled. */
    SdkRequest stamp(SdkRequest asked) {
        Stamped stamped = null;
        try {
            stamped = stamper.stamp(asked, error -> reporter.unstamped(error, stamper.region));
        } catch (RuntimeException error) { // A write must not fail for its stamp.
            reporter.unstamped(error, stamper.region);
        }
        call = new Call(stamper, asked, stamped);
        splice = stamped != null && format.isJson() ? Splice.of(stamped) : null;
        return stamped == null || splice != null ? asked : stamped.request();
    }

    /** The body to send. */
    Optional<RequestBody> body(Context.ModifyHttpRequest context) {
        Optional<RequestBody> marshalled = context.requestBody();
        marshalled.ifPresent(given -> spliceInto(given, context.request()));
        return body == null
                ? marshalled
                : Optional.of(
                        RequestBody.fromContentProvider(body::stream, body.length(), marshalled.get().contentType()));
    }

    /** The request to send with it. */
    SdkHttpRequest head(Context.ModifyHttpRequest context) {
        context.requestBody().ifPresent(given -> spliceInto(given, context.request()));
        return body == null
                ? context.httpRequest()
                : context.httpRequest().toBuilder()
                        .putHeader("Content-Length", Integer.toString(body.length()))
                        .build();
    }

    /** Puts the stamp into the body, once. */
    private void spliceInto(RequestBody marshalled, SdkRequest request) {
        if (splice == null) {
            format.see(marshalled.contentType());
            return;
        }
        if (request != call.asked()) {
            // Another interceptor has changed it since. What was marshalled is stamped, and nothing else.
            stamp(request);
        }
        Splice awaited = splice;
        splice = null;
        if (call.stamped() == null) {
            return;
        }
        try {
            body = awaited == null ? null : awaited.into(marshalled);
            if (body != null) {
                return;
            }
            throw new StampException("another interceptor has changed the request or its body");
        } catch (RuntimeException error) { // A write must not fail for its stamp.
            format.isNotJson();
            call = new Call(stamper, request, null);
            reporter.unstamped(error, stamper.region);
        }
    }
}
