import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Asks the node that the page's extension has started something, without a driver. */
@ExtendWith(CqlNode.class)
class NodeAnswersTest {
  @Test void options() throws Exception {
    try (Socket socket = new Socket(CqlNode.address().getAddress(), CqlNode.address().getPort())) {
      socket.getOutputStream().write(new byte[] {4, 0, 0, 1, 5, 0, 0, 0, 0});
      // The version with the bit of an answer, no flags, the stream, SUPPORTED.
      assertArrayEquals(new byte[] {(byte) 0x84, 0, 0, 1, 6}, socket.getInputStream().readNBytes(5));
    }
  }
}

/** A second class, which gets the same node. */
@ExtendWith(CqlNode.class)
class SameNodeTest {
  @Test void isOneProcess() {
    long nodes = ProcessHandle.current().children()
        .filter(child -> child.info().command().orElse("").endsWith("cql-node")).count();
    assertEquals(1, nodes);
  }
}
