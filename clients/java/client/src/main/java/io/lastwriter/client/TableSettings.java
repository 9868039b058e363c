package io.lastwriter.client;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Which tables are stamped, their keys as far as the settings tell, and whether signed items may be stamped. */
final class TableSettings {
    /**
     * What client-side encryption leaves in an item: the material description of the AWS Database Encryption SDK, and that of
     * the DynamoDB Encryption Client before it. Both sign the item as they were given it.
     */
    private static final String DATABASE_ENCRYPTION_MARK = "aws_dbe_head";

    private static final String ENCRYPTION_CLIENT_MARK = "*amzn-ddb-map-desc*";

    private final Predicate<String> covered;
    private final Map<String, Set<String>> keys;
    private final boolean refuseEncrypted;
    private final Set<String> encrypted = ConcurrentHashMap.newKeySet();

    TableSettings(Predicate<String> covered, Map<String, Set<String>> keys, boolean refuseEncrypted) {
        this.covered = covered;
        this.keys = keys;
        this.refuseEncrypted = refuseEncrypted;
    }

    /** The bare name: DynamoDB takes an ARN wherever it takes a table's name. */
    static String name(String nameOrArn) {
        return nameOrArn.startsWith("arn:") ? nameOrArn.substring(nameOrArn.lastIndexOf('/') + 1) : nameOrArn;
    }

    /** Whether writes to this table are stamped. */
    boolean covers(String nameOrArn) {
        return nameOrArn != null && covered.test(name(nameOrArn));
    }

    /** Table to the names of its key attributes, as far as the settings tell. */
    Map<String, Set<String>> keys() {
        return keys;
    }

    /** If the table's keys are not known, each attribute of the item that is put is taken for a possible key. */
    Predicate<String> keysOf(String nameOrArn, Map<String, AttributeValue> item) {
        Collection<String> known = keys.isEmpty() ? null : keys.get(name(nameOrArn));
        return known == null ? item::containsKey : known::contains;
    }

    /** Take note of a table whose items are signed, from one that was read. */
    void notice(String table, Map<String, AttributeValue> item) {
        if (refuseEncrypted && library(item) != null) {
            encrypted.add(table);
        }
    }

    /** EncryptedItemException for a write to a table whose items are signed, unless the settings allow for it. */
    void refuseEncrypted(String table) {
        // Each write comes by here, and most applications encrypt nothing.
        if (refuseEncrypted && !encrypted.isEmpty() && encrypted.contains(table)) {
            throw refusal(table, "a client-side encryption library");
        }
    }

    /** EncryptedItemException for a put of an item that is signed, unless the settings allow for it. */
    void refuseEncrypted(String table, Map<String, AttributeValue> item) {
        String library = refuseEncrypted ? library(item) : null;
        if (library != null) {
            encrypted.add(table);
            throw refusal(table, library);
        }
        refuseEncrypted(table);
    }

    private static EncryptedItemException refusal(String table, String library) {
        return new EncryptedItemException("the items of table " + table + " are signed by " + library
                + ", and a stamp would make their signatures fail: give the stamps the attribute actions that the section"
                + " \"Client-side encryption\" of the clients' page tells, then set encrypted(Encrypted.STAMP)");
    }

    private static String library(Map<String, AttributeValue> item) {
        if (item.containsKey(DATABASE_ENCRYPTION_MARK)) {
            return "the AWS Database Encryption SDK";
        }
        return item.containsKey(ENCRYPTION_CLIENT_MARK) ? "the DynamoDB Encryption Client" : null;
    }
}
