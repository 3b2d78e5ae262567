import { expect, test } from "bun:test";
import { connect } from "node:net";
import { startConfigured } from "../../configured.ts";
import { Reader } from "../reader.ts";

const HEAD = "POST /publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

/** What is answered to a body that does not come. */
function answerTo(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${HEAD}content-length: 100\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

test("--body-timeout: the sender is told, whenever the runtime looks for connections to close", async () => {
  const { url } = await startConfigured(["--body-timeout", "100ms"]);
  // The runtime looks every 4 s, while there is a connection.
  await Reader.open(`${url}/events`);
  const answers: Promise<string>[] = [];
  for (let sent = 0; sent < 100; sent++) {
    answers.push(answerTo(url));
    await Bun.sleep(50);
  }
  for (const answer of await Promise.all(answers)) expect(answer).toStartWith("HTTP/1.1 408 ");
});
