package io.lastwriter.client;

import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.AttributeValueUpdate;

/** One write of a request with its stamp. */
sealed interface StampedWrite {
    /** A put: its item with its stamps, and the stamps. */
    record Put(StampedItem item, Stamps stamps) implements StampedWrite {}

    /** An UpdateItem with legacy parameters: its AttributeUpdates with the stamp. */
    record Legacy(Map<String, AttributeValueUpdate> updates) implements StampedWrite {}

    /**
     * An update with expressions.
     *
     * @param given the update as it was asked for
     * @param rest the same without stamps that it writes back; as given if it writes none
     * @param extension what the stamp adds to that; null if it adds nothing
     * @param now the time in the stamp; null where it has none
     */
    record Update(UpdateText given, UpdateText rest, UpdateStamper.Extension extension, AttributeValue now)
            implements StampedWrite {
        /** The whole of it. */
        UpdateText text() {
            if (extension == null) {
                return rest;
            }
            Map<String, String> names = new HashMap<>(extension.names());
            if (rest.names() != null) {
                names.putAll(rest.names());
            }
            Map<String, AttributeValue> values = new HashMap<>();
            if (rest.values() != null) {
                values.putAll(rest.values());
            }
            if (extension.timeValue() != null) {
                values.put(extension.timeValue(), now);
            }
            if (extension.countValue() != null) {
                values.put(extension.countValue(), UpdateStamper.ONE);
            }
            return new UpdateText(extension.expression(), rest.condition(), names, values);
        }

        /** Whether the stamp leaves everything in the update, and adds to it. */
        boolean isAddition() {
            return rest == given && extension != null;
        }
    }
}
