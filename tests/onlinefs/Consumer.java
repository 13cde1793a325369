// Copyright (c) 2026 the hopsworks.kafka authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * What OnlineFS is to a rollout: it reads its site file and properties files with Kafka's own client library, joins its
 * groups, consumes the topics, and counts records on /metrics. It logs to its file alone. When Kafka refuses it, it goes on
 * trying and keeps its metrics up, as the real one does. A file that it cannot read ends it.
 *
 * Each record is also written to logs/records (group, topic, partition, offset, value) before its offset is saved,
 * so that a test can tell whether one was lost.
 *
 * Where SAVED_OFFSETS names the table of saved_offsets.py, its offsets are kept there, as the real service keeps them in
 * RonDB from 3.7 on: by group, topic and partition, for all hosts, without a word of the cluster. Kafka is then never told.
 * What the real service does with a saved offset beyond the end of its partition is not known. BEYOND_THE_END chooses:
 * `reset`, the default, leaves it to auto.offset.reset, as Kafka's client library does; `stop` refuses to read.
 */
public final class Consumer {
    private static final Logger LOG = LoggerFactory.getLogger(Consumer.class);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private static final int TABLE_MILLISECONDS = 10_000;

    private final Path home;
    private final Element site;
    private final String table = System.getenv().getOrDefault("SAVED_OFFSETS", "");
    private final boolean stopsBeyondTheEnd = "stop".equals(System.getenv("BEYOND_THE_END"));
    private final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
    private final List<KafkaConsumer<byte[], byte[]>> open = new ArrayList<>();
    private volatile boolean stopping;

    private Consumer(Path home) throws Exception {
        this.home = home;
        try (InputStream stream = Files.newInputStream(home.resolve("etc/onlinefs-site.xml"))) {
            site = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(stream).getDocumentElement();
        }
    }

    public static void main(String[] arguments) throws Exception {
        try {
            new Consumer(Path.of(System.getenv("ONLINEFS_HOME"))).run();
        } catch (Throwable fault) {
            LOG.error("cannot start: {}", told(fault));
            System.exit(1);
        }
    }

    private static String told(Throwable fault) {
        return fault.getCause() == null ? fault.toString() : fault + " because of " + told(fault.getCause());
    }

    private void run() throws Exception {
        serve();
        List<Thread> threads = new ArrayList<>();
        for (String setting : List.of("propertiesFile", "propertiesFileVectorDb")) {
            Path file = home.resolve("etc").resolve(value("kafka", setting, "none"));
            if (Files.exists(file) || setting.equals("propertiesFile")) {
                Properties properties = read(file);
                // A store or a setting that cannot be used is found here, and ends the service.
                KafkaConsumer<byte[], byte[]> first = consumer(properties);
                threads.add(new Thread(() -> consume(properties, first)));
            }
        }
        Path notifications = home.resolve("etc").resolve(value("kafka", "propertiesFileNotification", "none"));
        if (Files.exists(notifications)) {
            new KafkaProducer<>(read(notifications), new ByteArraySerializer(), new ByteArraySerializer());
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(threads)));
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void consume(Properties properties, KafkaConsumer<byte[], byte[]> first) {
        String group = properties.getProperty("group.id");
        KafkaConsumer<byte[], byte[]> consumer = first;
        while (!stopping) {
            try {
                poll(consumer, group);
            } catch (WakeupException end) {
                break;
            } catch (Exception refused) {
                counter("onlinefs_kafka_errors_total", group, "").incrementAndGet();
                LOG.error("group {}: {}", group, told(refused));
                synchronized (open) {
                    open.remove(consumer);
                }
                // Leave the group: the others would wait for this member until its session ends.
                close(consumer, RETRY);
                try {
                    Thread.sleep(RETRY.toMillis());
                    consumer = consumer(properties);
                } catch (InterruptedException | KafkaException again) {
                    LOG.error("group {}: {}", group, told(again));
                }
            }
        }
        close(consumer, Duration.ofSeconds(5));
    }

    private void poll(KafkaConsumer<byte[], byte[]> consumer, String group) throws Exception {
        ConsumerRebalanceListener listener = new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                LOG.info("group {}: assigned {}", group, partitions);
                if (!table.isEmpty()) {
                    seek(consumer, group, partitions);
                }
                counter("onlinefs_assigned_partitions", group, "").set(consumer.assignment().size());
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                LOG.info("group {}: revoked {}", group, partitions);
            }
        };
        String list = value("kafkaConsumer", "topicList", "");
        if (list.isEmpty()) {
            consumer.subscribe(Pattern.compile(value("kafkaConsumer", "topicPattern", ".*_onlinefs")), listener);
        } else {
            consumer.subscribe(List.of(list.split("\\s*,\\s*")), listener);
        }
        Duration timeout = Duration.ofMillis(Long.parseLong(value("kafkaConsumer", "pollTimeoutMs", "1000")));
        while (!stopping) {
            StringBuilder lines = new StringBuilder();
            ConsumerRecords<byte[], byte[]> records = consumer.poll(timeout);
            for (ConsumerRecord<byte[], byte[]> record : records) {
                String text = record.value() == null ? "" : new String(record.value(), StandardCharsets.UTF_8);
                lines.append(String.join(" ", group, record.topic(), "" + record.partition(), "" + record.offset(), text));
                lines.append('\n');
                counter("onlinefs_records_total", group, record.topic()).incrementAndGet();
            }
            if (lines.length() > 0) {
                record(lines.toString());
                if (table.isEmpty()) {
                    commit(consumer, group);
                } else {
                    save(consumer, group, records.partitions());
                }
            }
        }
    }

    /**
     * Commits what was read. While the group is rebalanced Kafka takes no commit, and that is no refusal: the consumer
     * stays in its group. To make a new one each time would start the next rebalance, for all others too.
     */
    private void commit(KafkaConsumer<byte[], byte[]> consumer, String group) {
        try {
            consumer.commitSync();
        } catch (CommitFailedException | RebalanceInProgressException rebalance) {
            LOG.info("group {}: not committed, it is being rebalanced", group);
        }
    }

    /** Goes to where the table says that the group has come to, whichever cluster that was in. */
    private void seek(KafkaConsumer<byte[], byte[]> consumer, String group, Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> saved = new HashMap<>();
        try {
            for (String line : ask(group, null).split("\n")) {
                String[] words = line.split(" ");
                if (words.length == 3) {
                    saved.put(new TopicPartition(words[0], Integer.parseInt(words[1])), Long.parseLong(words[2]));
                }
            }
        } catch (IOException fault) {
            throw new KafkaException("the saved offsets cannot be read", fault);
        }
        saved.keySet().retainAll(partitions);
        if (stopsBeyondTheEnd) {
            consumer.endOffsets(saved.keySet()).forEach((partition, end) -> {
                if (saved.get(partition) > end) {
                    throw new KafkaException(
                            partition + ": the saved offset " + saved.get(partition) + " is beyond the end, " + end);
                }
            });
        }
        saved.forEach((partition, offset) -> {
            LOG.info("group {}: {} from the saved offset {}", group, partition, offset);
            consumer.seek(partition, offset);
        });
    }

    private void save(KafkaConsumer<byte[], byte[]> consumer, String group, Collection<TopicPartition> partitions)
            throws IOException {
        StringBuilder lines = new StringBuilder();
        for (TopicPartition partition : partitions) {
            lines.append(partition.topic()).append(' ').append(partition.partition()).append(' ');
            lines.append(consumer.position(partition)).append('\n');
        }
        ask(group, lines.toString());
    }

    /** Reads a group's lines of the table; with a body, replaces those of its topics and partitions. */
    private String ask(String group, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(table + "/" + group).toURL().openConnection();
        connection.setConnectTimeout(TABLE_MILLISECONDS);
        connection.setReadTimeout(TABLE_MILLISECONDS);
        if (body != null) {
            connection.setDoOutput(true);
            try (OutputStream stream = connection.getOutputStream()) {
                stream.write(body.getBytes(StandardCharsets.UTF_8));
            }
        }
        try (InputStream stream = connection.getInputStream()) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private synchronized void record(String lines) throws Exception {
        try (Writer writer = Files.newBufferedWriter(
                home.resolve("logs/records"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            writer.write(lines);
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer(Properties properties) {
        KafkaConsumer<byte[], byte[]> made =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        synchronized (open) {
            open.add(made);
        }
        return made;
    }

    /** As client libraries of every version know it. */
    @SuppressWarnings("deprecation")
    private static void close(KafkaConsumer<byte[], byte[]> consumer, Duration wait) {
        consumer.close(wait);
    }

    private void stop(List<Thread> threads) {
        stopping = true;
        synchronized (open) {
            open.forEach(KafkaConsumer::wakeup);
        }
        for (Thread thread : threads) {
            try {
                thread.join(5000);
            } catch (InterruptedException ignored) {
                return;
            }
        }
        LOG.info("stopped");
    }

    private void serve() throws Exception {
        int port = Integer.parseInt(value("metrics", "port", "12800"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/metrics", exchange -> {
            StringBuilder text = new StringBuilder();
            new TreeMap<>(counts).forEach((name, count) -> text.append(name).append(' ').append(count).append('\n'));
            byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    private AtomicLong counter(String name, String group, String topic) {
        String labels = topic.isEmpty() ? "{group=\"" + group + "\"}" : "{group=\"" + group + "\",topic=\"" + topic + "\"}";
        return counts.computeIfAbsent(name + labels, key -> new AtomicLong());
    }

    private Properties read(Path file) throws Exception {
        Properties properties = new Properties();
        try (InputStream stream = Files.newInputStream(file)) {
            properties.load(stream);
        }
        return properties;
    }

    private String value(String section, String name, String otherwise) {
        NodeList sections = site.getElementsByTagName(section);
        for (int i = 0; i < sections.getLength(); i++) {
            NodeList found = ((Element) sections.item(i)).getElementsByTagName(name);
            if (sections.item(i).getParentNode() == site && found.getLength() > 0) {
                String text = found.item(0).getTextContent().trim();
                return text.isEmpty() ? otherwise : text;
            }
        }
        return otherwise;
    }
}
