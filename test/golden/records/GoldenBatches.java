import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;

/** Writes batches.json with Kafka's own encoder: java -cp 'kafka-clients-4.3.1.jar:...' GoldenBatches.java > batches.json */
public class GoldenBatches {
  static final StringBuilder out = new StringBuilder("{\n");

  static byte[] utf8(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  static void fill(MemoryRecordsBuilder b) {
    b.append(1700000000000L, utf8("AAPL"), utf8("{\"price\":1}"));
    b.append(1699999999000L, null, utf8("earlier, no key"));
    b.append(1700000000001L, utf8("tombstone"), null);
    b.append(1700000086400001L, utf8(""), utf8(""));
    Header[] headers = {new RecordHeader("trace", new byte[] {(byte) 0xc3, 0, 1}), new RecordHeader("nül", null), new RecordHeader("trace", new byte[0])};
    b.append(1700000000002L, utf8("headers"), utf8("three"), headers);
    b.append(1700000000003L, utf8("k".repeat(64)), utf8("v".repeat(9000)));
    b.append(1700000000004L, new byte[] {0, 0, 0, 0}, utf8("int32 zero"));
  }

  static void batch(String name, Compression codec, TimestampType time, boolean transactional) {
    MemoryRecordsBuilder b = new MemoryRecordsBuilder(ByteBuffer.allocate(1 << 16), (byte) 2, codec, time, transactional ? 0 : 1000,
        time == TimestampType.LOG_APPEND_TIME ? 1700000000999L : -1L, transactional ? 4711 : -1, (short) (transactional ? 3 : -1),
        transactional ? 17 : -1, transactional, false, -1, 1 << 16);
    fill(b);
    emit(name, b.build().buffer());
  }

  static void emit(String name, ByteBuffer buffer) {
    byte[] bytes = Utils.toArray(buffer);
    out.append("  \"").append(name).append("\": \"").append(Base64.getEncoder().encodeToString(bytes)).append("\",\n");
  }

  public static void main(String[] args) {
    batch("plain", Compression.NONE, TimestampType.CREATE_TIME, false);
    batch("transactional", Compression.NONE, TimestampType.CREATE_TIME, true);
    batch("logAppendTime", Compression.NONE, TimestampType.LOG_APPEND_TIME, false);
    batch("gzip", Compression.gzip().build(), TimestampType.CREATE_TIME, false);
    batch("snappy", Compression.snappy().build(), TimestampType.CREATE_TIME, false);
    batch("lz4", Compression.lz4().build(), TimestampType.CREATE_TIME, false);
    batch("zstd", Compression.zstd().build(), TimestampType.CREATE_TIME, false);
    for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.COMMIT, ControlRecordType.ABORT}) {
      MemoryRecords marker = MemoryRecords.withEndTransactionMarker(42, 1700000000000L, -1, 4711, (short) 3, new EndTransactionMarker(type, 5));
      emit(type.name().toLowerCase() + "Marker", marker.buffer());
    }
    ByteBuffer empty = ByteBuffer.allocate(61);
    DefaultRecordBatch.writeEmptyHeader(empty, (byte) 2, 4711, (short) 3, 17, 100, 141, 7, TimestampType.CREATE_TIME, 1700000000000L, true, false);
    empty.flip();
    emit("empty", empty);
    System.out.print(out.substring(0, out.length() - 2) + "\n}\n");
  }
}
