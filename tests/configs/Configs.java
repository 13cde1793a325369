// Prints every configuration that Kafka's clients define, one a line: client, name, type, validator's class, validator.
// Run it with the jars of a release on the class path.

import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;

public class Configs {
    public static void main(String[] arguments) throws Exception {
        for (String client : List.of("consumer.ConsumerConfig", "producer.ProducerConfig", "admin.AdminClientConfig")) {
            var definition = (ConfigDef) Class.forName("org.apache.kafka.clients." + client).getMethod("configDef").invoke(null);
            for (ConfigDef.ConfigKey key : new TreeMap<>(definition.configKeys()).values()) {
                var validator = key.validator;
                String kind = validator == null ? "" : validator.getClass().getSimpleName();
                System.out.println(String.join("\t", client.split("\\.")[0], key.name, key.type.toString(), kind, validator == null ? "" : validator.toString()));
            }
        }
    }
}
