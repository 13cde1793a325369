// Answers, line by line, what the Java platform itself makes of a text or a store: the other side of the differential tests.
// A request is "<command> <field> ..." and an answer "ok <field> ..." or "error <field>". Fields are Base64, of UTF-16BE
// where they are texts. An empty field is "-".

import java.io.*;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;

public class Reference {
    public static void main(String[] arguments) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.US_ASCII);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split(" ");
            try {
                var answer = new StringBuilder("ok");
                for (byte[] field : answer(parts[0], decode(parts))) {
                    answer.append(' ').append(field.length == 0 ? "-" : Base64.getEncoder().encodeToString(field));
                }
                out.println(answer);
            } catch (Exception error) {
                out.println("error " + Base64.getEncoder().encodeToString(bytes(String.valueOf(error))));
            }
            out.flush();
        }
    }

    static List<byte[]> answer(String command, List<byte[]> fields) throws Exception {
        return switch (command) {
            case "load-text" -> load(text(fields.get(0)), null);
            case "load-bytes" -> load(null, fields.get(0));
            case "store" -> store(fields);
            case "tokens" -> tokens(text(fields.get(0)));
            case "open" -> open(fields.get(0), text(fields.get(1)), text(fields.get(2)), text(fields.get(3)));
            case "make" -> make(fields);
            default -> throw new IllegalArgumentException(command);
        };
    }

    /** Name, value, name, value, ... of a properties text or file, names sorted. */
    static List<byte[]> load(String text, byte[] file) throws IOException {
        var properties = new Properties();
        if (file == null) {
            properties.load(new StringReader(text));
        } else {
            properties.load(new ByteArrayInputStream(file));
        }
        var answer = new ArrayList<byte[]>();
        for (String name : new TreeSet<>(properties.stringPropertyNames())) {
            answer.add(bytes(name));
            answer.add(bytes(properties.getProperty(name)));
        }
        return answer;
    }

    /** The properties file with these names and values, as Java writes it. */
    static List<byte[]> store(List<byte[]> fields) throws IOException {
        var properties = new Properties();
        for (int i = 0; i < fields.size(); i += 2) {
            properties.setProperty(text(fields.get(i)), text(fields.get(i + 1)));
        }
        var file = new ByteArrayOutputStream();
        properties.store(file, null);
        return List.of(file.toByteArray());
    }

    /** Kind and text of each token, from a tokenizer set up as Kafka's clients set up theirs for JAAS texts. */
    static List<byte[]> tokens(String text) throws IOException {
        var tokenizer = new StreamTokenizer(new StringReader(text));
        tokenizer.slashSlashComments(true);
        tokenizer.slashStarComments(true);
        "-_$".chars().forEach(sign -> tokenizer.wordChars(sign, sign));
        var answer = new ArrayList<byte[]>();
        while (tokenizer.nextToken() != StreamTokenizer.TT_EOF) {
            int kind = tokenizer.ttype;
            boolean number = kind == StreamTokenizer.TT_NUMBER;
            answer.add(bytes(tokenizer.sval != null ? "text" : number ? "number" : String.valueOf((char) kind)));
            answer.add(bytes(tokenizer.sval != null ? tokenizer.sval : ""));
        }
        return answer;
    }

    /** Alias, certificate, key (PKCS8) of each entry of a store, aliases sorted; for keys the whole chain in one field. */
    static List<byte[]> open(byte[] file, String type, String password, String keyPassword) throws Exception {
        var store = KeyStore.getInstance(type);
        store.load(new ByteArrayInputStream(file), password.toCharArray());
        var answer = new ArrayList<byte[]>();
        for (String alias : new TreeSet<>(Collections.list(store.aliases()))) {
            answer.add(bytes(alias));
            Key key = store.isKeyEntry(alias) ? store.getKey(alias, keyPassword.toCharArray()) : null;
            var chain = new ByteArrayOutputStream();
            Certificate[] certificates = key == null
                    ? new Certificate[] {store.getCertificate(alias)} : store.getCertificateChain(alias);
            for (Certificate certificate : certificates) {
                chain.write(certificate.getEncoded());
            }
            answer.add(chain.toByteArray());
            answer.add(key == null ? new byte[0] : key.getEncoded());
        }
        return answer;
    }

    /** A store as Java writes it: type, password, key password, then alias, certificate and key (or none) of each entry. */
    static List<byte[]> make(List<byte[]> fields) throws Exception {
        var store = KeyStore.getInstance(text(fields.get(0)));
        char[] password = text(fields.get(1)).toCharArray();
        char[] keyPassword = text(fields.get(2)).toCharArray();
        store.load(null, null);
        for (int i = 3; i < fields.size(); i += 3) {
            Certificate certificate = CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(fields.get(i + 1)));
            String alias = text(fields.get(i));
            if (fields.get(i + 2).length == 0) {
                store.setCertificateEntry(alias, certificate);
            } else {
                var specification = new PKCS8EncodedKeySpec(fields.get(i + 2));
                Key key = KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm()).generatePrivate(specification);
                store.setKeyEntry(alias, key, keyPassword, new Certificate[] {certificate});
            }
        }
        var file = new ByteArrayOutputStream();
        store.store(file, password);
        return List.of(file.toByteArray());
    }

    static List<byte[]> decode(String[] parts) {
        var fields = new ArrayList<byte[]>();
        for (int i = 1; i < parts.length; i++) {
            fields.add(parts[i].equals("-") ? new byte[0] : Base64.getDecoder().decode(parts[i]));
        }
        return fields;
    }

    static String text(byte[] field) {
        var text = new StringBuilder();
        for (int i = 0; i < field.length; i += 2) {
            text.append((char) ((field[i] & 0xff) << 8 | field[i + 1] & 0xff));
        }
        return text.toString();
    }

    static byte[] bytes(String text) {
        var field = new byte[2 * text.length()];
        for (int i = 0; i < text.length(); i++) {
            field[2 * i] = (byte) (text.charAt(i) >> 8);
            field[2 * i + 1] = (byte) text.charAt(i);
        }
        return field;
    }
}
