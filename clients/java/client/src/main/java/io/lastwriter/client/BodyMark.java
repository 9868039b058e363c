package io.lastwriter.client;

import java.util.Arrays;

/**
 * What is to be done with the members of one name in a body.
 *
 * <p>Each such member of a request is found by its name, and an attribute of that name would be too. So if it is found as often as
 * the request has such members, these are the ones. If not, they are told by how deep they stand: no attribute stands as high as
 * its item does.
 */
final class BodyMark {
    /**
     * A member's name.
     *
     * @param json as it stands in a body
     * @param mark where in that the character is by which it is searched for
     */
    record Name(byte[] json, int mark) {
        Name(String json, char mark) {
            this(JsonText.bytes(json), json.indexOf(mark));
        }
    }

    private final Name name;
    private final int most;
    /** What goes in place of each value, or into it, in the order of the body; null for one that stays as it is. */
    private byte[][] values;
    /** What goes before the name of each; null where the value is one that something goes into. */
    private byte[][] members;

    private int count;
    private int room;
    /** Where the name is next; the greatest number behind the last. */
    int next = Integer.MAX_VALUE;

    private int[] places;
    private int found;
    private int at;

    /**
     * @param name the name of the members
     * @param most how many values there may be
     */
    BodyMark(Name name, int most) {
        this.name = name;
        this.most = most;
    }

    /** The next value stays as it is. */
    void leave() {
        add(null, null);
    }

    /** The next value is an object, and gets these members. */
    void insert(byte[] added) {
        add(null, added);
        // With members comes a comma.
        room += added.length + 1;
    }

    /** The next value is a string, in whose place comes another, and these members go before it, each with a comma. */
    void replace(byte[] added, byte[] value) {
        add(added, value);
        room += added.length + value.length;
    }

    private void add(byte[] before, byte[] value) {
        if (values == null) {
            values = new byte[most][];
            members = new byte[most][];
            places = new int[most];
        }
        members[count] = before;
        values[count] = value;
        count++;
    }

    /** How many bytes may be added at most. */
    int room() {
        return room;
    }

    /** Whether something is to be changed here. */
    boolean changes() {
        return room > 0;
    }

    /**
     * Takes note of a place in a body where the name's mark is. To be called for all of them, in their order.
     *
     * @return whether the name is there
     */
    boolean see(SplicedBody body, int mark) {
        int place = mark - name.mark;
        if (!body.hasAt(name.json, place)) {
            return false;
        }
        if (found < count) {
            places[found] = place;
        }
        found++;
        return true;
    }

    /** Whether the name is as often in the body as there are values. */
    boolean isClear(SplicedBody body, int depth) {
        if (found != count) {
            places = walk(body, depth);
            found = places.length;
        }
        next = found == 0 ? Integer.MAX_VALUE : places[0];
        return found == count;
    }

    /** Where the name is that of an object's member at this depth. */
    private int[] walk(SplicedBody body, int wanted) {
        byte[] bytes = body.bytes;
        int[] inOrder = new int[count];
        int number = 0;
        int depth = 0;
        boolean inString = false;
        for (int at = body.start; at < bytes.length; at++) {
            byte character = bytes[at];
            if (character == '"') {
                if (!inString && depth == wanted && body.hasAt(name.json, at)) {
                    inOrder = number == inOrder.length ? Arrays.copyOf(inOrder, number + 1) : inOrder;
                    inOrder[number++] = at;
                }
                inString = !inString;
            } else if (inString) {
                at += character == '\\' ? 1 : 0;
            } else if (character == '{' || character == '[') {
                depth++;
            } else if (character == '}' || character == ']') {
                depth--;
            }
        }
        return Arrays.copyOf(inOrder, number);
    }

    /** Makes the next change. False if the value is none of the kind that was expected. */
    boolean apply(SplicedBody body) {
        byte[] bytes = body.bytes;
        int start = next + name.json.length;
        byte[] before = members[at];
        byte[] value = values[at];
        at++;
        int place = next;
        next = at < count ? places[at] : Integer.MAX_VALUE;
        if (value == null) {
            return true;
        }
        if (start >= bytes.length || bytes[start] != (before == null ? '{' : '"')) {
            return false;
        }
        if (before == null) {
            body.copy(start + 1);
            body.insert(value);
            return true;
        }
        int end = body.endOfString(start);
        if (end < 0) {
            return false;
        }
        body.copy(place);
        body.write(before);
        body.copy(start);
        body.write(value);
        body.skip(end);
        return true;
    }
}
