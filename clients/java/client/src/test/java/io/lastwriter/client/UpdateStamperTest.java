package io.lastwriter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** What is remembered of updates. */
class UpdateStamperTest {
    private static final Moment NOW = Moment.of(1_795_349_587_051_000L);

    /** Updates of one expression, each of which is stamped in its own way. */
    private static final List<UpdateText> ALIKE = List.of(
            update(null, Map.of("#a", "a"), ":v"),
            update(null, Map.of("#a", "lw:n:us-east-1"), ":v"),
            update(null, Map.of("#a", "a", "#lwt", "b"), ":v"),
            update(null, Map.of("#a", "a"), ":v", ":lwt"),
            update(null, Map.of("#a", "a"), ":lwt"),
            update("b = :lwt", Map.of("#a", "a"), ":v"),
            update(null, null, ":v"),
            update(null, Map.of("#a", "a")));

    private static UpdateText update(String condition, Map<String, String> names, String... values) {
        Map<String, AttributeValue> all = new HashMap<>();
        for (String value : values) {
            all.put(value, AttributeValue.fromN("1"));
        }
        return new UpdateText("ADD #a :v", condition, names, all.isEmpty() ? null : all);
    }

    private static UpdateStamper stamper() {
        return new UpdateStamper(new StampNames("lw"), "us-east-1");
    }

    private static UpdateText stamped(UpdateStamper stamper, UpdateText update) {
        return stamper.stamp(update, NOW, () -> null).text();
    }

    @Test
    void an_update_is_stamped_as_if_it_were_the_first() {
        UpdateStamper stamper = stamper();
        for (int round = 0; round < 2; round++) {
            for (UpdateText update : ALIKE) {
                assertEquals(stamped(stamper(), update), stamped(stamper, update));
            }
        }
    }

    /** The two differ in their values only, which are no part of what is remembered. */
    @Test
    void a_stamp_that_is_written_back_is_told_from_one_by_hand_of_the_same_expression() {
        UpdateStamper stamper = stamper();
        Stamps.Pair read = new Stamps.Pair(5L, NOW.micros() - 3_600_000_000L);
        Stamps seen = new Stamps(Map.of("us-east-1", read), null);
        UpdateText byHand = setsStamp(new Stamps.Pair(6L, NOW.micros()));
        UpdateText writtenBack = setsStamp(read);
        for (int round = 0; round < 2; round++) {
            assertNull(stamper.stamp(byHand, NOW, () -> seen));
            UpdateText advanced = stamper.stamp(writtenBack, NOW, () -> seen).text();
            assertEquals("SET a = :a, #lwt = :lwt ADD #lwn :lwn", advanced.expression());
            assertEquals(NOW.attribute(), advanced.values().get(":lwt"));
        }
    }

    private static UpdateText setsStamp(Stamps.Pair pair) {
        return new UpdateText(
                "SET a = :a, #t = :t, #n = :n",
                null,
                Map.of("#t", "lw:t:us-east-1", "#n", "lw:n:us-east-1"),
                Map.of(
                        ":a", AttributeValue.fromS("x"),
                        ":t", StampNames.number(pair.time()),
                        ":n", StampNames.number(pair.count())));
    }

    @Test
    void a_stamp_with_the_count_alone_is_told_from_a_whole_one() {
        UpdateStamper stamper = stamper();
        UpdateText update = ALIKE.get(0);
        UpdateText whole = stamped(stamper, update);
        UpdateText count = stamper.count(update).text();
        assertNotEquals(whole, count);
        assertEquals(stamper().count(update).text(), count);
        assertEquals(whole, stamped(stamper, update));
    }

    @Test
    void more_updates_of_one_expression_than_are_remembered_are_stamped() {
        UpdateStamper stamper = stamper();
        for (int number = 0; number < 20; number++) {
            UpdateText update = update(null, Map.of("#a", "a", "#lwt" + number, "b"), ":v");
            assertEquals(stamped(stamper(), update), stamped(stamper, update));
        }
    }
}
