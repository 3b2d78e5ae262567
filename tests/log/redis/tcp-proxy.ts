import type { Socket, TCPSocketListener } from "bun";
import { defer } from "../../defer.ts";

interface Pair {
  /** The other end, once it is there. */
  other: Socket<Pair> | undefined;
  /** What came before it was. */
  waiting: Uint8Array[];
}

/** Stands between nodes and a Redis: it can be pointed at another, and cut. */
export class TcpProxy {
  target: number;
  #isCut = false;
  readonly #sockets = new Set<Socket<Pair>>();
  readonly #server: TCPSocketListener<Pair>;

  /** @param target the port to pass on to. */
  constructor(target: number) {
    this.target = target;
    this.#server = Bun.listen<Pair>({
      hostname: "127.0.0.1",
      port: 0,
      data: { other: undefined, waiting: [] },
      socket: {
        open: (socket) => this.#accept(socket),
        data: (socket, data) => pass(socket, data),
        close: (socket) => this.#ended(socket),
        error: (socket) => this.#ended(socket),
      },
    });
    defer(() => {
      this.#server.stop(true);
      this.#endAll();
    });
  }

  get port(): number {
    return this.#server.port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends all connections, and refuses new ones until it is mended. */
  cut(): void {
    this.#isCut = true;
    this.#endAll();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Ends all connections, and passes new ones on to this port. */
  pointAt(port: number): void {
    this.target = port;
    this.#endAll();
  }

  #accept(socket: Socket<Pair>): void {
    socket.data = { other: undefined, waiting: [] };
    if (this.#isCut) {
      socket.terminate();
      return;
    }
    this.#sockets.add(socket);
    const connecting = Bun.connect<Pair>({
      hostname: "127.0.0.1",
      port: this.target,
      data: { other: socket, waiting: [] },
      socket: {
        open: (other) => {
          this.#sockets.add(other);
          socket.data.other = other;
          for (const data of socket.data.waiting.splice(0)) pass(socket, data);
        },
        data: (other, data) => pass(other, data),
        close: (other) => this.#ended(other),
        connectError: () => socket.terminate(),
      },
    });
    connecting.catch(() => socket.terminate());
  }

  #ended(socket: Socket<Pair>): void {
    this.#sockets.delete(socket);
    socket.data?.other?.terminate();
  }

  #endAll(): void {
    for (const socket of [...this.#sockets]) socket.terminate();
    this.#sockets.clear();
  }
}

function pass({ data: { other, waiting } }: Socket<Pair>, data: Uint8Array): void {
  if (!other) {
    waiting.push(new Uint8Array(data));
    return;
  }
  // Tests send little: what a full socket does not take is lost, and with it the connection.
  if (other.write(data) < data.length) other.terminate();
}
