/**
 * The least that this runtime can do: a TCP server that writes what is posted to a path to everyone
 * who got that path, one write each, with no HTTP to speak of, no checks and no history. It counts on
 * each request arriving in one piece, as over loopback it does.
 *
 *   bun floor.ts PORT
 */
import type { Socket } from "bun";

const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n: hi\n\r\n";
interface Reader {
  /** Those of the same path, once it is one of them. */
  among?: Set<Socket<Reader>>;
}

const readersByPath = new Map<string, Set<Socket<Reader>>>();

Bun.listen<Reader>({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  socket: {
    open(socket) {
      socket.data = {};
    },
    data(socket, bytes) {
      const request = bytes.toString("latin1");
      const path = request.slice(request.indexOf(" "), request.indexOf(" HTTP"));
      const readers = readersByPath.get(path) ?? new Set();
      if (request.startsWith("GET")) {
        readersByPath.set(path, readers.add(socket));
        socket.data.among = readers;
        socket.write(HEAD);
        return;
      }
      const data = request.slice(request.indexOf("\r\n\r\n") + 4);
      const frame = `id: 1\nevent: nav-badge-update\ndata: ${data}\n\n`;
      const chunk = Buffer.from(`${frame.length.toString(16)}\r\n${frame}\r\n`, "latin1");
      for (const reader of readers) reader.write(chunk);
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    },
    close(socket) {
      socket.data.among?.delete(socket);
    },
  },
});
