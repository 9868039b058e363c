package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The memory of stamps under threads, and what its keys are. */
class MemoryTest {
    private static final String HERE = "us-east-1";
    private static final long NOW = 1795349587051000L;
    private static final Map<String, AttributeValue> KEY = Map.of("id", AttributeValue.fromS("o-1"));

    private final Memory memory = new Memory(5);
    private final Memory.Table table = memory.table("https://dynamodb.us-east-1.amazonaws.com", "orders");

    MemoryTest() {
        memory.learnKeyNames(table, List.of("id"));
    }

    private static Stamps seen(long n, long t) {
        return new Stamps(Map.of(HERE, new Stamps.Pair(n, t)), null);
    }

    private static void runTogether(List<Callable<Void>> jobs) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(jobs.size());
        try {
            for (Future<Void> job : pool.invokeAll(jobs)) {
                job.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void no_answer_of_any_thread_replaces_a_newer_one() throws Exception {
        // Each thread tells of the same versions in an order of its own.
        List<Callable<Void>> jobs = new ArrayList<>();
        for (int step : new int[] {1, 7, 31, 400}) {
            jobs.add(() -> {
                for (int number = 0; number < 401; number++) {
                    long n = (long) number * step % 401;
                    memory.add(table, KEY, seen(n, NOW + n * 1_000_000));
                    assertTrue(memory.find(table, KEY).pair(HERE).n() >= n);
                }
                return null;
            });
        }
        runTogether(jobs);
        assertEquals(seen(400, NOW + 400_000_000), memory.find(table, KEY));
    }

    @Test
    void the_memory_stays_bounded_with_many_threads() throws Exception {
        List<Callable<Void>> jobs = new ArrayList<>();
        for (int start : new int[] {0, 250, 500, 750}) {
            jobs.add(() -> {
                for (int number = start; number < start + 500; number++) {
                    memory.add(table, Map.of("id", AttributeValue.fromS("o-" + number)), seen(1, NOW));
                    memory.forget(table, Map.of("id", AttributeValue.fromS("o-" + (number - 2))));
                }
                return null;
            });
        }
        runTogether(jobs);
        assertTrue(memory.size() <= 5);
    }

    @Test
    void updates_of_many_threads_are_all_counted() throws Exception {
        memory.add(table, KEY, seen(0, NOW));
        Callable<Void> count = () -> {
            for (int number = 0; number < 500; number++) {
                memory.change(table, KEY, known -> known.with(HERE, new Stamps.Pair(known.pair(HERE).n() + 1, NOW)));
            }
            return null;
        };
        runTogether(List.of(count, count, count, count));
        assertEquals(2000, memory.find(table, KEY).pair(HERE).n());
    }

    @Test
    void the_item_used_longest_ago_is_forgotten_first() {
        for (int number = 1; number <= 5; number++) {
            memory.add(table, Map.of("id", AttributeValue.fromS("o-" + number)), seen(number, NOW));
        }
        memory.find(table, KEY);
        memory.add(table, Map.of("id", AttributeValue.fromS("o-6")), seen(6, NOW));
        assertEquals(seen(1, NOW), memory.find(table, KEY));
        assertNull(memory.find(table, Map.of("id", AttributeValue.fromS("o-2"))));
    }

    @Test
    void keys_are_equal_as_dynamodb_has_it() {
        memory.add(table, Map.of("id", AttributeValue.fromN("10")), seen(1, NOW));
        memory.add(table, Map.of("id", AttributeValue.fromB(SdkBytes.fromUtf8String("10"))), seen(2, NOW));
        assertEquals(seen(1, NOW), memory.find(table, Map.of("id", AttributeValue.fromN("1E+1"))));
        assertEquals(seen(1, NOW), memory.find(table, Map.of("id", AttributeValue.fromN("10.00"))));
        assertEquals(seen(2, NOW), memory.find(table, Map.of("id", AttributeValue.fromB(SdkBytes.fromUtf8String("10")))));
        assertNull(memory.find(table, Map.of("id", AttributeValue.fromS("10"))));
    }

    @Test
    void a_key_that_dynamodb_would_refuse_is_not_remembered() {
        List<Map<String, AttributeValue>> odd = List.of(
                Map.of(),
                Map.of("id", AttributeValue.builder().build()),
                Map.of("id", AttributeValue.fromN("x")),
                Map.of("id", AttributeValue.fromBool(true)));
        for (Map<String, AttributeValue> key : odd) {
            memory.add(table, key, seen(1, NOW));
            assertNull(memory.find(table, key));
        }
        assertEquals(0, memory.size());
    }

    @Test
    void a_wrong_size_or_prefix_is_told_at_once() {
        LastwriterInterceptor.Builder builder = LastwriterInterceptor.builder().remember(-1);
        assertTrue(assertThrows(IllegalArgumentException.class, builder::build).getMessage().contains("remember"));
        LastwriterInterceptor.Builder prefix = LastwriterInterceptor.builder().prefix("a:b");
        assertTrue(assertThrows(IllegalArgumentException.class, prefix::build).getMessage().contains("prefix"));
    }

    @Test
    void the_parts_of_a_stamp_are_integers_in_its_range() {
        Map<String, Long> parts = Map.of("5", 5L, "5.0", 5L, "5E+1", 50L, "0E+999999", 0L, "253402300799999999", 253402300799999999L);
        parts.forEach((text, part) -> assertEquals(part, StampNames.part(AttributeValue.fromN(text)), text));
        for (String text : List.of("", "x", "-1", "1.5", "1E+999999", "1E-999999", "1E+2147483647", "253402300800000000", "NaN")) {
            assertNull(StampNames.part(AttributeValue.fromN(text)), text);
        }
        assertNull(StampNames.part(AttributeValue.fromS("5")));
    }

    @Test
    void a_token_is_remembered_for_ten_minutes_after_its_last_use() {
        long[] nanos = {0};
        TokenMemory tokens = new TokenMemory(() -> nanos[0], TokenMemory.REMEMBERED_NANOS, 2);
        assertEquals(1, tokens.recall("a", () -> 1));
        nanos[0] = TokenMemory.REMEMBERED_NANOS - 1;
        assertEquals(1, tokens.recall("a", () -> 2));
        nanos[0] += TokenMemory.REMEMBERED_NANOS;
        assertEquals(3, tokens.recall("a", () -> 3));
        tokens.recall("b", () -> 4);
        tokens.recall("c", () -> 5);
        assertEquals(6, tokens.recall("a", () -> 6), "the token used longest ago goes first");
    }
}
