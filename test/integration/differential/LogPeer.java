import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes and reads logs with Kafka's own clients, as it is told on stdin; one command a line, answered in order with lines
 * and "done".
 *
 *   write lane topic partition step…   begin:P  commit:P  abort:P  flush:P  send:P:timestamp:key:value[:name~value…]
 *   read maxPartitionBytes topic:partition:from:end…   answers topic:partition offset timestamp key value name~value…
 *   alter topic name=value…
 *
 * Bytes are base64, "-" is null. A producer P is t-codec (transactional) or i-codec (idempotent). Lanes write side by side.
 */
public class LogPeer {
  private static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private static final Map<String, KafkaProducer<byte[], byte[]>> producers = new ConcurrentHashMap<>();
  private static final Map<String, ExecutorService> lanes = new HashMap<>();
  private static final ExecutorService answers = Executors.newSingleThreadExecutor();
  private static final String run = UUID.randomUUID().toString();
  private static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      Future<String> answer = lanes.computeIfAbsent(words[0].equals("write") ? words[1] : words[0], lane -> Executors.newSingleThreadExecutor())
          .submit(() -> answer(words));
      answers.execute(() -> print(answer));
    }
  }

  private static String answer(String[] words) throws Exception {
    switch (words[0]) {
      case "write": return write(words);
      case "read": return read(words);
      default: return alter(words);
    }
  }

  private static void print(Future<String> answer) {
    try {
      out.print(answer.get() + "done\n");
      out.flush();
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  private static String write(String[] words) {
    String topic = words[2];
    int partition = Integer.parseInt(words[3]);
    for (int i = 4; i < words.length; i++) {
      String[] step = words[i].split(":", -1);
      KafkaProducer<byte[], byte[]> producer = producers.computeIfAbsent(words[1] + "-" + step[1], LogPeer::open);
      switch (step[0]) {
        case "begin" -> producer.beginTransaction();
        case "commit" -> producer.commitTransaction();
        case "abort" -> producer.abortTransaction();
        case "flush" -> producer.flush();
        case "send" -> {
          List<Header> headers = new ArrayList<>();
          for (int h = 5; h < step.length; h++) {
            String[] pair = step[h].split("~", 2);
            headers.add(new RecordHeader(new String(bytes(pair[0]), StandardCharsets.UTF_8), bytes(pair[1])));
          }
          producer.send(new ProducerRecord<>(topic, partition, Long.parseLong(step[2]), bytes(step[3]), bytes(step[4]), headers));
        }
        default -> throw new IllegalArgumentException(words[i]);
      }
    }
    return "";
  }

  private static KafkaProducer<byte[], byte[]> open(String name) {
    String[] parts = name.split("-");
    Map<String, Object> settings = new HashMap<>(Map.of(
        "bootstrap.servers", bootstrap,
        "compression.type", parts[2],
        "linger.ms", 60_000, // what is sent between two flushes is one batch
        "batch.size", 1 << 20,
        "retry.backoff.ms", 5));
    if (parts[1].equals("t")) settings.put("transactional.id", run + name);
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    if (parts[1].equals("t")) producer.initTransactions();
    return producer;
  }

  private static String read(String[] words) {
    StringBuilder lines = new StringBuilder();
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", bootstrap,
        "isolation.level", "read_committed",
        "enable.auto.commit", false,
        "max.partition.fetch.bytes", Integer.parseInt(words[1]),
        "fetch.max.wait.ms", 20);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      Map<TopicPartition, Long> ends = new HashMap<>();
      Map<TopicPartition, Long> starts = new HashMap<>();
      for (int i = 2; i < words.length; i++) {
        String[] place = words[i].split(":");
        TopicPartition partition = new TopicPartition(place[0], Integer.parseInt(place[1]));
        starts.put(partition, Long.parseLong(place[2]));
        ends.put(partition, Long.parseLong(place[3]));
      }
      consumer.assign(ends.keySet());
      starts.forEach(consumer::seek);
      while (true) {
        ends.entrySet().removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
        if (ends.isEmpty()) break;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) append(lines, record);
      }
    }
    return lines.toString();
  }

  private static void append(StringBuilder line, ConsumerRecord<byte[], byte[]> record) {
    line.append(record.topic()).append(':').append(record.partition()).append(' ').append(record.offset());
    line.append(' ').append(record.timestamp()).append(' ').append(text(record.key())).append(' ').append(text(record.value()));
    for (Header header : record.headers()) {
      line.append(' ').append(text(header.key().getBytes(StandardCharsets.UTF_8))).append('~').append(text(header.value()));
    }
    line.append('\n');
  }

  private static String alter(String[] words) throws Exception {
    List<AlterConfigOp> changes = new ArrayList<>();
    for (int i = 2; i < words.length; i++) {
      String[] pair = words[i].split("=", 2);
      changes.add(new AlterConfigOp(new ConfigEntry(pair[0], pair[1]), AlterConfigOp.OpType.SET));
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, words[1]);
      admin.incrementalAlterConfigs(Map.of(topic, changes)).all().get();
    }
    return "";
  }

  private static byte[] bytes(String text) {
    return text.equals("-") ? null : Base64.getDecoder().decode(text);
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
  }
}
