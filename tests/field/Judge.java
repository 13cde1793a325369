// Answers, line by line, what Kafka's own Java clients say about a properties file. Run it with the jars of a release.
// A request is "<client> <file>": admin, consumer or producer, and the file's bytes in Base64 ("-" for none). The answer
// is "ok", or "refused <what the exceptions say, in Base64 of UTF-8>". Nothing is connected to but the token endpoint.

import com.sun.net.httpserver.HttpServer;
import java.io.*;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.PrivilegedExceptionAction;
import java.time.Duration;
import java.util.*;
import java.util.function.Consumer;
import javax.security.auth.Subject;
import javax.security.sasl.Sasl;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.security.JaasContext;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.authenticator.DefaultLogin;
import org.apache.kafka.common.security.authenticator.LoginManager;
import org.apache.kafka.common.security.authenticator.SaslClientCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.internals.OAuthBearerSaslClientCallbackHandler;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;

public class Judge {
    private static final int MAX_TEXT = 4000;
    private static final long MAX_CLOSE_MS = 200;
    /** The beginnings of the properties of a connection, which all clients read alike. */
    private static final List<String> CONNECTION = List.of("bootstrap.", "config.providers", "security.", "sasl.", "ssl.");
    /** What sun.security.ssl.X509TrustManagerImpl knows; it throws at the first certificate. */
    private static final Set<String> NAME_CHECKS = Set.of("HTTPS", "LDAP", "LDAPS");

    public static void main(String[] arguments) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.US_ASCII);
        System.setOut(System.err); // what libraries log is no answer
        String tokens = tokenEndpoint();
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", tokens + "," + arguments[0]);
        out.println(tokens);
        out.flush();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split(" ");
            byte[] file = parts[1].equals("-") ? new byte[0] : Base64.getDecoder().decode(parts[1]);
            out.println(verdict(parts[0], file));
            out.flush();
        }
        System.exit(0);
    }

    static String verdict(String client, byte[] file) {
        try {
            var properties = new Properties();
            properties.load(new ByteArrayInputStream(file));
            construct(client, properties);
            properties.keySet().removeIf(name -> !CONNECTION.stream().anyMatch(start -> name.toString().startsWith(start)));
            for (String server : new AdminClientConfig(properties).getList("bootstrap.servers")) {
                if (server.endsWith(":0")) {
                    throw new IllegalStateException("nothing can be connected to at port 0");
                }
            }
            stores(properties);
            login(properties);
            return "ok";
        } catch (Throwable error) {
            var text = new StringBuilder();
            for (Throwable cause = error; cause != null && text.length() < MAX_TEXT; cause = cause.getCause()) {
                text.append(text.length() == 0 ? "" : " <- ").append(cause.getClass().getSimpleName()).append(": ").append(cause.getMessage());
            }
            return "refused " + Base64.getEncoder().encodeToString(text.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The client as an application makes it; what applications give in code is given here. */
    static void construct(String client, Properties properties) throws InterruptedException {
        String serialization = "org.apache.kafka.common.serialization.ByteArray";
        for (String role : List.of("key", "value")) {
            if (client.equals("consumer")) {
                properties.putIfAbsent(role + ".deserializer", serialization + "Deserializer");
            } else if (client.equals("producer")) {
                properties.putIfAbsent(role + ".serializer", serialization + "Serializer");
            }
        }
        Consumer<Duration> close = switch (client) {
            case "admin" -> Admin.create(properties)::close;
            case "consumer" -> new KafkaConsumer<byte[], byte[]>(properties)::close;
            case "producer" -> new KafkaProducer<byte[], byte[]>(properties)::close;
            default -> throw new IllegalArgumentException(client);
        };
        // An idempotent producer sleeps for retry.backoff.ms, and its close waits for that, whatever time it is given.
        var closing = new Thread(() -> close.accept(Duration.ZERO));
        closing.setDaemon(true);
        closing.start();
        closing.join(MAX_CLOSE_MS);
    }

    /** A constructor takes stores that the first handshake refuses: without anything to trust, or without a key. */
    static void stores(Properties properties) throws Exception {
        var values = new AdminClientConfig(properties).values();
        String protocol = String.valueOf(values.get("security.protocol")).toUpperCase(Locale.ROOT);
        if (!protocol.endsWith("SSL") || values.get("ssl.engine.factory.class") != null) {
            return;
        }
        try (var factory = new DefaultSslEngineFactory()) {
            factory.configure(values);
            var engine = factory.createClientSslEngine("localhost", 1, String.valueOf(values.get("ssl.endpoint.identification.algorithm")));
            engine.beginHandshake();
            engine.wrap(ByteBuffer.allocate(0), ByteBuffer.allocate(engine.getSession().getPacketBufferSize()));
            KeyStore trusted = factory.truststore();
            KeyStore own = factory.keystore();
            boolean trusts = trusted == null;
            for (String alias : trusted == null ? List.<String>of() : Collections.list(trusted.aliases())) {
                trusts |= trusted.isCertificateEntry(alias);
            }
            boolean holds = own == null;
            for (String alias : own == null ? List.<String>of() : Collections.list(own.aliases())) {
                holds |= own.isKeyEntry(alias);
            }
            String names = engine.getSSLParameters().getEndpointIdentificationAlgorithm();
            if (names != null && !names.isEmpty() && !NAME_CHECKS.contains(names.toUpperCase(Locale.ROOT))) {
                throw new IllegalStateException("Java's trust manager has no identification algorithm " + names);
            }
            if (!trusts) {
                throw new IllegalStateException("the trust store has no entry that Java trusts");
            }
            if (!holds) {
                throw new IllegalStateException("the key store has no key");
            }
        }
    }

    /** A constructor takes logins that the first connection refuses: an unknown mechanism, a password that is missing. */
    static void login(Properties properties) throws Exception {
        var values = new AdminClientConfig(properties).values();
        String mechanism = String.valueOf(values.get("sasl.mechanism"));
        String protocol = String.valueOf(values.get("security.protocol")).toUpperCase(Locale.ROOT);
        if (!protocol.startsWith("SASL") || mechanism.equals("GSSAPI")) {
            return;
        }
        var context = JaasContext.loadClientContext(values);
        var login = LoginManager.acquireLoginManager(context, mechanism, DefaultLogin.class, values);
        Object kind = values.get("sasl.client.callback.handler.class");
        if (kind == null && mechanism.equals("OAUTHBEARER")) {
            kind = OAuthBearerSaslClientCallbackHandler.class;
        }
        try (var handler = new Callbacks(kind)) {
            handler.made.configure(values, mechanism, context.configurationEntries());
            Subject.doAs(login.subject(), (PrivilegedExceptionAction<Object>) () -> {
                var client = Sasl.createSaslClient(new String[] {mechanism}, null, "kafka", "localhost", Map.of(), handler.made);
                if (client == null) {
                    throw new IllegalStateException("Java has no SASL mechanism " + mechanism);
                }
                return client.hasInitialResponse() ? client.evaluateChallenge(new byte[0]) : null;
            });
        } finally {
            login.release();
        }
    }

    private static class Callbacks implements AutoCloseable {
        final AuthenticateCallbackHandler made;

        Callbacks(Object kind) throws Exception {
            made = kind == null ? new SaslClientCallbackHandler()
                    : (AuthenticateCallbackHandler) ((Class<?>) kind).getDeclaredConstructor().newInstance();
        }

        @Override
        public void close() {
            made.close();
        }
    }

    /** An OAuth token endpoint: clients fetch a token when they are made. */
    static String tokenEndpoint() throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            long now = System.currentTimeMillis() / 1000;
            var encoder = Base64.getUrlEncoder().withoutPadding();
            String header = encoder.encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8));
            String claims = String.format("{\"sub\":\"u\",\"scope\":\"s\",\"iat\":%d,\"exp\":%d}", now, now + 3600);
            String token = header + "." + encoder.encodeToString(claims.getBytes(StandardCharsets.UTF_8)) + ".c2ln";
            byte[] answer = ("{\"access_token\":\"" + token + "\",\"expires_in\":3600,\"token_type\":\"Bearer\"}").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.setExecutor(null);
        server.start();
        return "http://localhost:" + server.getAddress().getPort() + "/token";
    }
}
