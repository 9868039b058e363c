package io.lastwriter.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/**
 * A running {@code lastwriter local}: a global table in two Regions, with the function on each Region's stream. One serves all
 * tests of a run. It is target/debug/lastwriter, or what LASTWRITER_TEST_PROGRAM names.
 */
final class LocalWorld implements AutoCloseable {
    static final String EAST = "us-east-1";
    static final String WEST = "eu-west-1";
    /** How long to wait for what should come at once: a limit for a machine that hangs, not an expectation. */
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** Gives the tests of a class the world as a parameter. */
    static final class Started implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == LocalWorld.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(ExtensionContext.Namespace.GLOBAL)
                    .computeIfAbsent(LocalWorld.class, key -> new LocalWorld());
        }
    }

    private final Path folder;
    private final Process process;
    private final List<String> lines = new ArrayList<>();
    private boolean ended;
    private final JsonNode endpoints;

    LocalWorld() {
        try {
            folder = Files.createTempDirectory("lastwriter");
            Path file = folder.resolve("endpoints.json");
            String regions = EAST + "," + WEST;
            process = new ProcessBuilder(
                            program(), "local", "--regions", regions, "--lag", "20ms", "--endpoints-file", file.toString())
                    .redirectErrorStream(true)
                    .start();
            // It is read all the time, so that the program never waits for a full pipe.
            Thread reader = new Thread(this::read, "lastwriter local");
            reader.setDaemon(true);
            reader.start();
            waitForLine(0, line -> line.strip().equals("Ready."));
            endpoints = Json.parse(Files.readString(file));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static String program() {
        String given = System.getenv("LASTWRITER_TEST_PROGRAM");
        String target = Optional.ofNullable(System.getenv("CARGO_TARGET_DIR")).orElse("target");
        Path built = given != null ? Path.of(given) : Path.of("../../..").resolve(target).resolve("debug/lastwriter");
        if (!Files.exists(built)) {
            throw new AssertionError(
                    built + " is not there: run `make programs`, or set LASTWRITER_TEST_PROGRAM");
        }
        return built.toAbsolutePath().normalize().toString();
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
        try {
            Files.deleteIfExists(folder.resolve("endpoints.json"));
            Files.deleteIfExists(folder);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                    lines.notifyAll();
                }
            }
        } catch (IOException error) {
            // It has ended, as below.
        }
        synchronized (lines) {
            ended = true;
            lines.notifyAll();
        }
    }

    private void waitForLine(int start, Predicate<String> wanted) {
        long limit = System.nanoTime() + PATIENCE.toNanos();
        synchronized (lines) {
            while (lines.stream().skip(start).noneMatch(wanted)) {
                long left = TimeUnit.NANOSECONDS.toMillis(limit - System.nanoTime());
                if (ended || left <= 0) {
                    throw new AssertionError("lastwriter local " + (ended ? "ended" : "did not print what was waited for")
                            + "; it printed:\n" + String.join("\n", lines));
                }
                try {
                    lines.wait(left);
                } catch (InterruptedException error) {
                    throw new AssertionError(error);
                }
            }
        }
    }

    /** Cuts a Region off, or joins it again; returns when that is so. */
    void toggle(String region) {
        int seen;
        synchronized (lines) {
            seen = lines.size();
        }
        try {
            process.outputWriter(StandardCharsets.UTF_8).append(region).append('\n').flush();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        waitForLine(seen, line -> line.startsWith(region + " is cut off") || line.startsWith(region + " is joined"));
    }

    /** The table that it has from the start, with the keys PK and SK. */
    String table() {
        return Json.string(endpoints, "table");
    }

    DynamoDbClient client(String region, ExecutionInterceptor... interceptors) {
        return configured(DynamoDbClient.builder(), "replicas", region, interceptors).build();
    }

    DynamoDbAsyncClient async(String region, ExecutionInterceptor... interceptors) {
        return configured(DynamoDbAsyncClient.builder(), "replicas", region, interceptors).build();
    }

    <B extends AwsClientBuilder<B, C>, C> B configured(
            B builder, String kind, String region, ExecutionInterceptor... interceptors) {
        return builder.region(Region.of(region))
                .endpointOverride(URI.create(Json.string(Json.get(endpoints, kind), region)))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .overrideConfiguration(c -> List.of(interceptors).forEach(c::addExecutionInterceptor));
    }

    /** The name of a new table with the key id: created in one Region, a global table in both. */
    String newTable() {
        String name = "orders-" + UUID.randomUUID();
        try (DynamoDbClient client = client(EAST)) {
            client.createTable(b -> b.tableName(name)
                    .keySchema(KeySchemaElement.builder().attributeName("id").keyType(KeyType.HASH).build())
                    .attributeDefinitions(AttributeDefinition.builder()
                            .attributeName("id")
                            .attributeType(ScalarAttributeType.S)
                            .build())
                    .billingMode(BillingMode.PAY_PER_REQUEST));
        }
        return name;
    }

    /** The conflicts in a Region's ledger whose item's key has this value, as their confidence and kind. */
    List<String> conflicts(String region, String keyValue) {
        try (DynamoDbClient ledger = configured(DynamoDbClient.builder(), "ledgers", region).build()) {
            return ledger.scanPaginator(b -> b.tableName(Json.string(endpoints, "ledger_table")).consistentRead(true))
                    .items()
                    .stream()
                    .filter(entry -> !entry.get("Kind").s().equals("unstamped_sample"))
                    .filter(entry -> entry.get("Key").m().containsValue(AttributeValue.fromS(keyValue)))
                    .map(entry -> entry.get("Confidence").s() + " " + entry.get("Kind").s())
                    .toList();
        }
    }

    /** The first reading that is as wanted. */
    static <T> T when(String what, Supplier<T> reading, Predicate<T> wanted) {
        long limit = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            T found = reading.get();
            if (wanted.test(found)) {
                return found;
            }
            if (System.nanoTime() > limit) {
                throw new AssertionError("waited in vain for " + what + "; the last reading: " + found);
            }
            try {
                Thread.sleep(20);
            } catch (InterruptedException error) {
                throw new AssertionError(error);
            }
        }
    }

    /** An item as JSON says it. */
    static Map<String, AttributeValue> item(String json) {
        Map<String, AttributeValue> item = new HashMap<>();
        Json.parse(json).asObject().forEach((name, value) -> item.put(name, Json.read("AttributeValue", value, AttributeValue.class)));
        return item;
    }
}
