package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Answers questions about what Kafka Streams does: one JSON object per line in, one per line out, in order.
 *
 * <p>{@code {"ask":"cases"}}, {@code {"ask":"vector","case":name,"seed":n}}, {@code {"ask":"wire","case":name}},
 * {@code {"ask":"document"}} and {@code {"ask":"composition","composition":{...}}}. An answer is {@code {"text":...}}, of a composition
 * with {@code "describe"} too, or {@code {"error":...}}.
 */
public final class Server {
    private Server() { }

    public static void main(final String[] args) throws IOException {
        final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err); // a case that prints must not disturb the answers
        final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(Json.text(answer(line)));
            out.flush();
        }
    }

    private static ObjectNode answer(final String line) {
        try {
            final JsonNode question = Json.MAPPER.readTree(line);
            return switch (question.get("ask").asText()) {
                case "cases" -> Json.obj("text", String.join("\n", Cases.BY_NAME.keySet()));
                case "vector" -> Json.obj("text", Runner.run(named(question), question.get("seed").asLong()));
                case "wire" -> Json.obj("text", Wire.run(named(question)));
                case "document" -> Json.obj("text", CasesDoc.render(List.copyOf(Cases.BY_NAME.values())));
                case "composition" -> composition(question.get("composition"));
                default -> throw new IllegalArgumentException(line);
            };
        } catch (final Exception | StackOverflowError e) {
            final StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            return Json.obj("error", trace.toString());
        }
    }

    private static Case named(final JsonNode question) {
        final Case c = Cases.BY_NAME.get(question.get("case").asText());
        if (c == null) {
            throw new IllegalArgumentException("there is no case " + question.get("case"));
        }
        return c;
    }

    private static ObjectNode composition(final JsonNode composition) {
        final Case c = Composition.caseOf(composition);
        final String describe = Wire.describe(c, Runner.properties(c, java.nio.file.Path.of("unused")));
        return Json.obj("text", Runner.run(c, composition.get("seed").asLong()), "describe", describe);
    }
}
