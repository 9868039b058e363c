package com.example;

import io.lastwriter.client.LastwriterInterceptor;
import java.io.ByteArrayInputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/**
 * What a stamp costs in time: {@code java -cp writer.jar com.example.Overhead}
 *
 * <p>The whole call of the SDK with and without the interceptor, up to where it would be sent: the two in turns, so that both
 * meet the same machine, and the lower quartile of many. It is the thread's own CPU time.
 */
public final class Overhead {
    private static final int WARM_UP = 20_000;
    private static final int ROUNDS = 2_000;
    private static final int CALLS = 5;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final Map<String, AttributeValue> KEY = Map.of("id", AttributeValue.fromS("o-1"));
    private static final String EXPRESSION = "SET address = :a, #s = :s REMOVE draft ADD revision :one";
    private static final String CONDITION = "#s <> :s";
    private static final Map<String, String> NAMES = Map.of("#s", "state");
    private static final Map<String, AttributeValue> VALUES = Map.of(
            ":a", AttributeValue.fromS("Main St"), ":s", AttributeValue.fromS("sent"), ":one", AttributeValue.fromN("1"));

    private Overhead() {}

    public static void main(String[] arguments) {
        DynamoDbClient plain = client(new ExecutionInterceptor() {});
        DynamoDbClient stamped = client(LastwriterInterceptor.create());
        // Once for nothing: a call is compiled anew when others have been made.
        calls().values().forEach(call -> measure(call, plain, stamped));
        System.out.println("The whole call, without and with stamps:");
        for (Map.Entry<String, Consumer<DynamoDbClient>> call : calls().entrySet()) {
            double[] spent = measure(call.getValue(), plain, stamped);
            double more = 100 * (spent[1] - spent[0]) / spent[0];
            System.out.printf("%8.1f us %8.1f us %+6.1f %%  %s%n", spent[0], spent[1], more, call.getKey());
        }
    }

    private static Map<String, Consumer<DynamoDbClient>> calls() {
        UpdateItemRequest update = UpdateItemRequest.builder()
                .tableName("orders")
                .key(KEY)
                .updateExpression(EXPRESSION)
                .conditionExpression(CONDITION)
                .expressionAttributeNames(NAMES)
                .expressionAttributeValues(VALUES)
                .build();
        Update part = Update.builder()
                .tableName("orders")
                .key(KEY)
                .updateExpression(EXPRESSION)
                .conditionExpression(CONDITION)
                .expressionAttributeNames(NAMES)
                .expressionAttributeValues(VALUES)
                .build();
        List<TransactWriteItem> ten =
                Collections.nCopies(10, TransactWriteItem.builder().update(part).build());
        Map<String, AttributeValue> item = new HashMap<>(KEY);
        for (int number = 0; number < 30; number++) {
            item.put("attribute" + number, AttributeValue.fromS("value"));
        }
        WriteRequest put = WriteRequest.builder().putRequest(p -> p.item(item)).build();
        Map<String, List<WriteRequest>> puts = Map.of("orders", Collections.nCopies(25, put));
        Map<String, Consumer<DynamoDbClient>> calls = new LinkedHashMap<>();
        calls.put("UpdateItem", client -> client.updateItem(update));
        calls.put("PutItem, 30 attributes", client -> client.putItem(b -> b.tableName("orders").item(item)));
        calls.put("GetItem", client -> client.getItem(b -> b.tableName("orders").key(KEY)));
        calls.put("TransactWriteItems, 10 updates", client -> client.transactWriteItems(b -> b.transactItems(ten)));
        calls.put("BatchWriteItem, 25 puts of 30 attributes", client -> client.batchWriteItem(b -> b.requestItems(puts)));
        return calls;
    }

    /** Microseconds of a call without and with stamps. */
    private static double[] measure(Consumer<DynamoDbClient> call, DynamoDbClient... clients) {
        double[][] spent = new double[clients.length][ROUNDS];
        for (int number = 0; number < WARM_UP; number++) {
            call.accept(clients[number % clients.length]);
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (int which = 0; which < clients.length; which++) {
                long start = THREADS.getCurrentThreadCpuTime();
                for (int number = 0; number < CALLS; number++) {
                    call.accept(clients[which]);
                }
                spent[which][round] = (THREADS.getCurrentThreadCpuTime() - start) / 1_000.0 / CALLS;
            }
        }
        return Arrays.stream(spent)
                .mapToDouble(times -> {
                    Arrays.sort(times);
                    return times[ROUNDS / 4];
                })
                .toArray();
    }

    /** A client that sends nothing, and is answered at once. */
    private static DynamoDbClient client(ExecutionInterceptor interceptor) {
        return DynamoDbClient.builder()
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none")))
                .httpClient(new Answering())
                .overrideConfiguration(c -> c.addExecutionInterceptor(interceptor))
                .build();
    }

    private static final class Answering implements SdkHttpClient {
        private static final byte[] EMPTY = {'{', '}'};

        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            return new ExecutableHttpRequest() {
                @Override
                public HttpExecuteResponse call() {
                    return HttpExecuteResponse.builder()
                            .response(SdkHttpResponse.builder()
                                    .statusCode(200)
                                    .putHeader("content-type", "application/x-amz-json-1.0")
                                    .build())
                            .responseBody(AbortableInputStream.create(new ByteArrayInputStream(EMPTY)))
                            .build();
                }

                @Override
                public void abort() {}
            };
        }

        @Override
        public void close() {}
    }
}
