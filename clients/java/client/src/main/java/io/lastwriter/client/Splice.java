package io.lastwriter.client;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/**
 * The stamps of a request, to be put into the body that the SDK has made of it.
 *
 * <p>To the SDK's builders a stamp is a copy of each map that it goes into, and to its marshaller more members. In a transaction
 * that costs several times what making the stamps does. So the SDK marshals what the caller asked for, and what a stamp adds
 * goes into the bytes.
 */
final class Splice {
    // How many objects and arrays of a body a write's members are in.
    private static final int SINGLE = 1;
    private static final int IN_TRANSACTION = 4;
    private static final int IN_BATCH = 5;

    // A name is searched for by one character of it: the JVM finds those fastest, and few texts have many of these two.
    private static final char ITEM = 'I';
    /** It is in the three other names, so that one search finds all of them. */
    private static final char EXPRESSION = 'E';

    private static final BodyMark.Name ITEMS = new BodyMark.Name("\"Item\":", ITEM);
    private static final BodyMark.Name NAMES = new BodyMark.Name("\"ExpressionAttributeNames\":", EXPRESSION);
    private static final BodyMark.Name VALUES = new BodyMark.Name("\"ExpressionAttributeValues\":", EXPRESSION);
    private static final BodyMark.Name UPDATES = new BodyMark.Name("\"UpdateExpression\":", EXPRESSION);

    private static final byte[] OPEN = {'{'};
    private static final byte[] CLOSE = {'}', ','};
    private static final byte[] NOTHING = {};

    private final BodyMark items;
    private final BodyMark names;
    private final BodyMark values;
    private final BodyMark expressions;
    private final int depth;
    /** What goes in at the beginning, as members of the request itself; null for none. */
    private byte[] members;

    // What was added to the write before: mostly the next one gets the same.
    private UpdateStamper.Extension latestExtension;
    private byte[] latestValues;
    private Map<String, AttributeValue> latestAdditions;
    private byte[] latestMembers;

    private Splice(int depth, int writes) {
        this.depth = depth;
        items = new BodyMark(ITEMS, writes);
        names = new BodyMark(NAMES, writes);
        values = new BodyMark(VALUES, writes);
        expressions = new BodyMark(UPDATES, writes);
    }

    /** The stamps of a request; null where they do more than add to it, or it is not clear to what. */
    static Splice of(Stamped stamped) {
        SdkRequest asked = stamped.asked();
        Iterator<StampedWrite> writes = stamped.writes().iterator();
        int count = stamped.writes().size();
        Splice splice;
        boolean all = true;
        if (asked instanceof TransactWriteItemsRequest transaction) {
            splice = new Splice(IN_TRANSACTION, count);
            for (TransactWriteItem entry : transaction.transactItems()) {
                all &= splice.entry(entry, writes.next());
            }
        } else if (asked instanceof BatchWriteItemRequest batch) {
            splice = new Splice(IN_BATCH, count);
            for (List<WriteRequest> table : batch.requestItems().values()) {
                for (WriteRequest write : table) {
                    StampedWrite made = writes.next();
                    all &= write.putRequest() == null || splice.item(write.putRequest().hasItem(), made);
                }
            }
        } else {
            splice = new Splice(SINGLE, count);
            all = asked instanceof UpdateItemRequest
                    ? splice.update(writes.next())
                    : splice.item(((PutItemRequest) asked).hasItem(), writes.next());
        }
        return all ? splice : null;
    }

    /** An entry of a transaction. DynamoDB rejects one with two writes, and so their order need not be known. */
    private boolean entry(TransactWriteItem entry, StampedWrite stamped) {
        Put put = entry.put();
        Update update = entry.update();
        Delete delete = entry.delete();
        ConditionCheck check = entry.conditionCheck();
        if (number(put) + number(update) + number(delete) + number(check) != 1) {
            return false;
        }
        if (put != null) {
            left(put.hasExpressionAttributeNames(), put.hasExpressionAttributeValues());
            return item(put.hasItem(), stamped);
        }
        if (update != null) {
            if (stamped != null) {
                return update(stamped);
            }
            if (update.updateExpression() != null) {
                expressions.leave();
            }
            left(update.hasExpressionAttributeNames(), update.hasExpressionAttributeValues());
        } else if (delete != null) {
            left(delete.hasExpressionAttributeNames(), delete.hasExpressionAttributeValues());
        } else {
            left(check.hasExpressionAttributeNames(), check.hasExpressionAttributeValues());
        }
        return true;
    }

    private static int number(Object write) {
        return write == null ? 0 : 1;
    }

    /** Names and values that nothing is added to. */
    private void left(boolean hasNames, boolean hasValues) {
        if (hasNames) {
            names.leave();
        }
        if (hasValues) {
            values.leave();
        }
    }

    private boolean item(boolean hasItem, StampedWrite stamped) {
        if (stamped instanceof StampedWrite.Put put) {
            Map<String, AttributeValue> additions = put.item().additions();
            if (additions == null) {
                return false;
            }
            if (additions != latestAdditions) {
                latestAdditions = additions;
                latestMembers = JsonText.bytes(JsonText.numbers(additions));
            }
            items.insert(latestMembers);
        } else if (hasItem) {
            items.leave();
        }
        return true;
    }

    private boolean update(StampedWrite stamped) {
        if (!(stamped instanceof StampedWrite.Update update) || !update.isAddition()) {
            return false;
        }
        UpdateStamper.Extension extension = update.extension();
        UpdateText given = update.given();
        byte[] lacking = NOTHING;
        if (given.names() == null) {
            lacking = member(NAMES, extension.namesJson(), lacking);
        } else {
            names.insert(extension.namesJson());
        }
        if (given.values() == null) {
            lacking = member(VALUES, values(update), lacking);
        } else {
            values.insert(values(update));
        }
        if (given.expression() == null) {
            members = JsonText.concat(lacking, UPDATES.json(), extension.expressionJson());
        } else {
            expressions.replace(lacking, extension.expressionJson());
        }
        return true;
    }

    /** Members, and one more whose value is an object with those members in it. */
    private static byte[] member(BodyMark.Name name, byte[] object, byte[] members) {
        return JsonText.concat(members, name.json(), OPEN, object, CLOSE);
    }

    /** The values that a stamp adds to an update. */
    private byte[] values(StampedWrite.Update update) {
        if (update.extension() != latestExtension) {
            latestExtension = update.extension();
            latestValues = latestExtension.valuesJson(update.now());
        }
        return latestValues;
    }

    /** A body with the stamps, once; null if it is none that the SDK has made of the request. */
    SplicedBody into(RequestBody marshalled) {
        BodyMark[] marks = {items, names, values, expressions};
        int room = members == null ? 0 : members.length + 1;
        for (BodyMark mark : marks) {
            room += mark.room();
        }
        SplicedBody body = new SplicedBody(marshalled, room);
        search(body);
        for (BodyMark mark : marks) {
            if (mark.changes() && !mark.isClear(body, depth)) {
                return null;
            }
        }
        if (members != null) {
            if (!body.hasAt(OPEN, body.start)) {
                return null;
            }
            body.copy(body.start + 1);
            body.insert(members);
        }
        for (BodyMark mark = first(marks); mark != null; mark = first(marks)) {
            if (!mark.apply(body)) {
                return null;
            }
        }
        body.finish();
        return body;
    }

    /** Finds what is to be changed. */
    private void search(SplicedBody body) {
        if (items.changes()) {
            for (int at = body.find(ITEM, body.start); at >= 0; at = body.find(ITEM, at + 1)) {
                items.see(body, at);
            }
        }
        if (!names.changes() && !values.changes() && !expressions.changes()) {
            return;
        }
        for (int at = body.find(EXPRESSION, body.start); at >= 0; at = body.find(EXPRESSION, at + 1)) {
            if (!names.see(body, at) && !values.see(body, at)) {
                expressions.see(body, at);
            }
        }
    }

    /** The mark that comes next in the body; null if none does. */
    private static BodyMark first(BodyMark[] marks) {
        BodyMark first = marks[0];
        for (BodyMark mark : marks) {
            first = mark.next < first.next ? mark : first;
        }
        return first.next == Integer.MAX_VALUE ? null : first;
    }
}
