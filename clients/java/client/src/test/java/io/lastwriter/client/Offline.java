package io.lastwriter.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/** Clients that send nothing: the bodies that they would have sent, and the answers that they get instead. */
final class Offline {
    private static final String SECRET = "test";
    private static final StaticCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("test", SECRET));

    /** An answer; without a status none comes. */
    private record Answer(int status, String body) {}

    private final List<JsonNode> sent = new ArrayList<>();
    private final Deque<Answer> answers = new ArrayDeque<>();

    synchronized List<JsonNode> sent() {
        return List.copyOf(sent);
    }

    synchronized JsonNode lastSent() {
        return sent.get(sent.size() - 1);
    }

    synchronized void answer(int status, String body) {
        answers.add(new Answer(status, body));
    }

    synchronized void lose() {
        answers.add(new Answer(0, ""));
    }

    private synchronized Answer next(SdkHttpRequest request, byte[] body) {
        Signature.check(request, body, SECRET);
        sent.add(Json.parse(new String(body, StandardCharsets.UTF_8)));
        return answers.isEmpty() ? new Answer(200, "{}") : answers.remove();
    }

    DynamoDbClient client(ExecutionInterceptor... interceptors) {
        return client("us-east-1", AwsRetryStrategy.doNotRetry(), interceptors);
    }

    /** A client that tries three times, without waiting between. */
    DynamoDbClient retrying(ExecutionInterceptor... interceptors) {
        RetryStrategy strategy = AwsRetryStrategy.standardRetryStrategy().toBuilder()
                .maxAttempts(3)
                .backoffStrategy(BackoffStrategy.retryImmediately())
                .build();
        return client("us-east-1", strategy, interceptors);
    }

    DynamoDbClient client(String region, RetryStrategy strategy, ExecutionInterceptor... interceptors) {
        return DynamoDbClient.builder()
                .region(Region.of(region))
                .credentialsProvider(CREDENTIALS)
                .httpClient(new Http())
                .overrideConfiguration(c -> {
                    List.of(interceptors).forEach(c::addExecutionInterceptor);
                    c.retryStrategy(strategy);
                })
                .build();
    }

    DynamoDbAsyncClient async(ExecutionInterceptor... interceptors) {
        return DynamoDbAsyncClient.builder()
                .region(Region.US_EAST_1)
                .credentialsProvider(CREDENTIALS)
                .httpClient(new AsyncHttp())
                .overrideConfiguration(c -> {
                    List.of(interceptors).forEach(c::addExecutionInterceptor);
                    c.retryStrategy(AwsRetryStrategy.doNotRetry());
                })
                .build();
    }

    /** Calls an operation by its name on a client of either kind. Throws what it throws. */
    static Object call(Object client, String operation, JsonNode input) {
        Object request = Json.read(operation + "Request", input, Object.class);
        String method = operation.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + operation.substring(1);
        Class<?> type = client instanceof DynamoDbClient ? DynamoDbClient.class : DynamoDbAsyncClient.class;
        try {
            Object result = type.getMethod(method, request.getClass()).invoke(client, request);
            return result instanceof CompletableFuture<?> future ? future.join() : result;
        } catch (InvocationTargetException | CompletionException error) {
            if (error.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(error.getCause());
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(error);
        }
    }

    private static SdkHttpResponse head(Answer answer) {
        return SdkHttpResponse.builder()
                .statusCode(answer.status)
                .putHeader("content-type", "application/x-amz-json-1.0")
                .build();
    }

    private final class Http implements SdkHttpClient {
        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            return new ExecutableHttpRequest() {
                @Override
                public HttpExecuteResponse call() throws IOException {
                    byte[] body = request.contentStreamProvider().orElseThrow().newStream().readAllBytes();
                    Answer answer = next(request.httpRequest(), body);
                    if (answer.status == 0) {
                        throw new IOException("the answer is lost");
                    }
                    byte[] text = answer.body.getBytes(StandardCharsets.UTF_8);
                    return HttpExecuteResponse.builder()
                            .response(head(answer))
                            .responseBody(AbortableInputStream.create(new ByteArrayInputStream(text)))
                            .build();
                }

                @Override
                public void abort() {}
            };
        }

        @Override
        public void close() {}
    }

    private final class AsyncHttp implements SdkAsyncHttpClient {
        @Override
        public CompletableFuture<Void> execute(AsyncExecuteRequest request) {
            byte[] body = collect(request);
            Answer answer = next(request.request(), body);
            if (answer.status == 0) {
                IOException lost = new IOException("the answer is lost");
                request.responseHandler().onError(lost);
                return CompletableFuture.failedFuture(lost);
            }
            request.responseHandler().onHeaders(head(answer));
            ByteBuffer text = ByteBuffer.wrap(answer.body.getBytes(StandardCharsets.UTF_8));
            request.responseHandler().onStream(SdkPublisher.fromIterable(List.of(text)));
            return CompletableFuture.completedFuture(null);
        }

        private byte[] collect(AsyncExecuteRequest request) {
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            SdkPublisher.adapt(request.requestContentPublisher())
                    .subscribe(buffer -> {
                        byte[] part = new byte[buffer.remaining()];
                        buffer.get(part);
                        try {
                            bytes.write(part);
                        } catch (IOException error) {
                            throw new UncheckedIOException(error);
                        }
                    })
                    .join();
            return bytes.toByteArray();
        }

        @Override
        public void close() {}
    }
}
