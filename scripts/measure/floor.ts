/**
 * The least that this runtime can do: a TCP server that writes what is posted to everyone who got,
 * one write each, with no HTTP to speak of, no topics, no checks and no history. It counts on each
 * request arriving in one piece, as over loopback it does.
 *
 *   bun floor.ts PORT
 */
import type { Socket } from "bun";

const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n: hi\n\r\n";
const GET = "G".charCodeAt(0);
const readers = new Set<Socket>();

Bun.listen({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  socket: {
    data(socket, bytes) {
      if (bytes[0] === GET) {
        readers.add(socket);
        socket.write(HEAD);
        return;
      }
      const data = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4).toString("latin1");
      const frame = `id: 1\nevent: nav-badge-update\ndata: ${data}\n\n`;
      const chunk = Buffer.from(`${frame.length.toString(16)}\r\n${frame}\r\n`, "latin1");
      for (const reader of readers) reader.write(chunk);
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    },
    close(socket) {
      readers.delete(socket);
    },
  },
});
