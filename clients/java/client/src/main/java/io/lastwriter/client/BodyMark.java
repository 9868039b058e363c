package io.lastwriter.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is to be done with the members of one name in a body.
 *
 * <p>Each such member of a request is found by its name, and an attribute of that name would be too. So if it is found as often as
 * the request has such members, these are the ones. If not, they are told by how deep they stand: no attribute stands as high as
 * its item does.
 */
final class BodyMark {
    /** What goes in place of one value, and before its name; where that is null, what goes into the value. */
    private record Change(byte[] before, byte[] value) {}

    /** The name as it stands in a body. */
    final String name;

    /** In the order of the body; null for a value that stays as it is. */
    private final List<Change> values = new ArrayList<>();

    private int room;
    /** Where the name is next; the greatest number behind the last. */
    int next = Integer.MAX_VALUE;

    private int[] places;
    private int at;

    BodyMark(String name) {
        this.name = '"' + name + "\":";
    }

    /** The next value stays as it is. */
    void leave() {
        values.add(null);
    }

    /** The next value is an object, and gets these members. */
    void insert(byte[] members) {
        add(new Change(null, members));
    }

    /** The next value is a string, in whose place comes another, and these members go before it, each with a comma. */
    void replace(byte[] members, byte[] value) {
        add(new Change(members, value));
    }

    private void add(Change change) {
        values.add(change);
        // With members comes a comma.
        room += (change.before == null ? 1 : change.before.length) + change.value.length;
    }

    /** How many bytes may be added at most. */
    int room() {
        return room;
    }

    /** Finds the name in a body, if something is to be changed there. False if it is not as often in it as there are values. */
    boolean find(SplicedBody body, int depth) {
        if (room == 0) {
            return true;
        }
        places = search(body);
        if (places == null) {
            places = walk(body, depth);
        }
        next = places.length == 0 ? Integer.MAX_VALUE : places[0];
        return places.length == values.size();
    }

    /** Where the name is; null if that is not as often as there are values. */
    private int[] search(SplicedBody body) {
        int[] found = new int[values.size()];
        int number = 0;
        for (int place = body.find(name, body.start); place >= 0; place = body.find(name, place + name.length())) {
            if (number == found.length) {
                return null;
            }
            found[number++] = place;
        }
        return number == found.length ? found : null;
    }

    /** Where the name is that of an object's member at this depth. */
    private int[] walk(SplicedBody body, int wanted) {
        byte[] bytes = body.bytes;
        int[] found = new int[values.size()];
        int number = 0;
        int depth = 0;
        boolean inString = false;
        for (int at = body.start; at < bytes.length; at++) {
            byte character = bytes[at];
            if (character == '"') {
                if (!inString && depth == wanted && body.hasAt(name, at)) {
                    found = number == found.length ? Arrays.copyOf(found, number + 1) : found;
                    found[number++] = at;
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
        return Arrays.copyOf(found, number);
    }

    /** Makes the next change. False if the value is none of the kind that was expected. */
    boolean apply(SplicedBody body) {
        byte[] bytes = body.bytes;
        int start = next + name.length();
        Change change = values.get(at);
        at++;
        int place = next;
        next = at < places.length ? places[at] : Integer.MAX_VALUE;
        if (change == null) {
            return true;
        }
        if (start >= bytes.length || bytes[start] != (change.before == null ? '{' : '"')) {
            return false;
        }
        if (change.before == null) {
            body.copy(start + 1);
            body.insert(change.value);
            return true;
        }
        int end = endOfString(bytes, start);
        if (end == bytes.length) {
            return false;
        }
        body.copy(place);
        body.write(change.before);
        body.copy(start);
        body.write(change.value);
        body.skip(end);
        return true;
    }

    /** The offset just behind the string that begins there; that of the end if it does not end before. */
    private static int endOfString(byte[] bytes, int start) {
        int at = start + 1;
        while (at < bytes.length && bytes[at] != '"') {
            at += bytes[at] == '\\' ? 2 : 1;
        }
        return Math.min(at + 1, bytes.length);
    }
}
