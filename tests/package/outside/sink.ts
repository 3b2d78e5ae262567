// A logger and a sink of one's own.
import { Broker, type DisconnectListener, type EventSink, type Logger } from "tidings";

const lines: string[] = [];
const note = (_: Readonly<Record<string, unknown>>, message: string) => void lines.push(message);
const logger: Logger = { debug: note, info: note, warn: note, error: note };

/** Collects what it is given, until its reader leaves. */
class Collector implements EventSink {
  text = "";
  leave: () => void = () => {};

  enqueue(chunk: Uint8Array): void {
    this.text += new TextDecoder().decode(chunk);
  }

  close(): void {
    this.text += "closed";
  }

  onDisconnect(listener: DisconnectListener): void {
    this.leave = () => listener.disconnected();
  }
}

const broker = new Broker({ logger });
const [first, second] = [new Collector(), new Collector()];
const handle = broker.addClient(first, { interest: { topics: ["a"], types: [] } });
broker.addClient(second);
await broker.publish({ type: "n", data: 1, topic: "a" });
await broker.publish({ type: "n", data: 2, topic: "b" });
first.leave();
await handle.closed;
await broker.close();
const dataOf = ({ text }: Collector) => [...text.matchAll(/^data: (\d+)$/gm)].map(([, data]) => data);
console.log(dataOf(first).join(), dataOf(second).join(), second.text.endsWith("closed"));
console.log(lines.includes("client connected"), lines.at(-1));
