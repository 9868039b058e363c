package io.lastwriter.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import software.amazon.awssdk.core.sync.RequestBody;

/**
 * A body that is made of another, from its beginning to its end, in one array: the other stands at the end of it, as far back as
 * this one may become longer, so that what is yet to be read is never written over. Long bodies cost by how often they are copied.
 */
final class SplicedBody {
    final byte[] bytes;
    /** Where the original begins. */
    final int start;
    /** The original, to search: the JVM does that fast in a String. One character for each byte, so nothing is decoded. */
    private final String text;
    /** Up to where the original has been taken over or left out. */
    private int from;

    private int length;

    /** @param room how much longer than the original it may become */
    SplicedBody(RequestBody original, int room) {
        int originalLength = Math.toIntExact(original.optionalContentLength().orElseThrow());
        bytes = new byte[room + originalLength];
        start = room;
        from = room;
        try (InputStream stream = original.contentStreamProvider().newStream()) {
            if (stream.readNBytes(bytes, room, originalLength) < originalLength || stream.read() >= 0) {
                throw new StampException("the body of the request has not the length that it should have");
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        text = new String(bytes, room, originalLength, StandardCharsets.ISO_8859_1);
    }

    /** Where an ASCII character is in the original, from there on; -1 if it is not. */
    int find(char ascii, int place) {
        int found = text.indexOf(ascii, place - start);
        return found < 0 ? -1 : found + start;
    }

    /** Whether a text is there in the original, of which nothing has been taken over yet. */
    boolean hasAt(byte[] ascii, int place) {
        int end = place + ascii.length;
        // The first byte tells most apart, and is faster to compare than a range.
        return place >= start
                && end <= bytes.length
                && bytes[place] == ascii[0]
                && Arrays.equals(bytes, place, end, ascii, 0, ascii.length);
    }

    /** The offset just behind the string that begins there in the original; -1 if it does not end. */
    int endOfString(int place) {
        int end = place - start;
        do {
            end = text.indexOf('"', end + 1);
        } while (end >= 0 && isEscaped(end));
        return end < 0 ? -1 : end + 1 + start;
    }

    /** Whether an odd number of backslashes stands before a character of a string. */
    private boolean isEscaped(int at) {
        int backslashes = 0;
        while (text.charAt(at - 1 - backslashes) == '\\') {
            backslashes++;
        }
        return backslashes % 2 == 1;
    }

    /** Takes the original over, up to there. */
    void copy(int end) {
        System.arraycopy(bytes, from, bytes, length, end - from);
        length += end - from;
        from = end;
    }

    /** Leaves the original out, up to there. */
    void skip(int end) {
        from = end;
    }

    void write(byte[] text) {
        System.arraycopy(text, 0, bytes, length, text.length);
        length += text.length;
    }

    /** Writes members at the beginning of an object. */
    void insert(byte[] members) {
        write(members);
        if (bytes[from] != '}') {
            bytes[length++] = ',';
        }
    }

    /** Takes over what is left. */
    void finish() {
        copy(bytes.length);
    }

    int length() {
        return length;
    }

    /** A stream of it: the signer reads one, and so does each attempt. */
    InputStream stream() {
        return new ByteArrayInputStream(bytes, 0, length);
    }
}
