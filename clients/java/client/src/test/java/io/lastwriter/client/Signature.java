package io.lastwriter.client;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import software.amazon.awssdk.http.SdkHttpRequest;

/** What AWS does with a request before it looks at it: it is refused if it was signed with another body. */
final class Signature {
    private static final Pattern AUTHORIZATION =
            Pattern.compile("AWS4-HMAC-SHA256 Credential=[^/]+/(.+), ?SignedHeaders=(.+), ?Signature=([0-9a-f]+)");

    private Signature() {}

    /** AssertionError if the length or the signature is not that of the body. */
    static void check(SdkHttpRequest request, byte[] body, String secretKey) {
        String length = header(request, "Content-Length");
        if (!length.equals(Integer.toString(body.length))) {
            throw new AssertionError("Content-Length is " + length + ", and the body has " + body.length + " bytes");
        }
        Matcher told = AUTHORIZATION.matcher(header(request, "Authorization"));
        if (!told.matches()) {
            throw new AssertionError("no signature: " + header(request, "Authorization"));
        }
        String scope = told.group(1);
        StringBuilder canonical = new StringBuilder("POST\n" + request.encodedPath() + "\n\n");
        for (String name : told.group(2).split(";")) {
            canonical.append(name).append(':').append(header(request, name).strip()).append('\n');
        }
        canonical.append('\n').append(told.group(2)).append('\n').append(sha256(body));
        String toSign = "AWS4-HMAC-SHA256\n" + header(request, "X-Amz-Date") + "\n" + scope + "\n"
                + sha256(canonical.toString().getBytes(StandardCharsets.UTF_8));
        byte[] key = ("AWS4" + secretKey).getBytes(StandardCharsets.UTF_8);
        for (String part : List.of(scope.split("/"))) {
            key = hmac(key, part);
        }
        if (!HexFormat.of().formatHex(hmac(key, toSign)).equals(told.group(3))) {
            throw new AssertionError("the signature is not that of this body");
        }
    }

    private static String header(SdkHttpRequest request, String name) {
        return request.firstMatchingHeader(name).orElseThrow(() -> new AssertionError("no header " + name));
    }

    private static String sha256(byte[] text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (GeneralSecurityException error) {
            throw new AssertionError(error);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException error) {
            throw new AssertionError(error);
        }
    }
}
