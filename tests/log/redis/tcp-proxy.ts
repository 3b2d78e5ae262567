import type { Socket, TCPSocketListener } from "bun";
import { defer } from "../../defer.ts";

type End = Socket<Line>;

/** One connection that is passed on. */
class Line {
  readonly caller: End;
  target: End | undefined;
  readonly toCaller: Uint8Array[] = [];
  readonly toTarget: Uint8Array[] = [];
  /** Whether one end has hung up. */
  isOver = false;
  /** Whether the caller said that it is a replica. */
  isReplica = false;

  constructor(caller: End) {
    this.caller = caller;
  }

  /** Writes what both ends will take, and the rest when they have room. */
  flush(): void {
    write(this.caller, this.toCaller);
    if (this.target) write(this.target, this.toTarget);
  }

  end(): void {
    this.caller.terminate();
    this.target?.terminate();
  }
}

function write(end: End, queue: Uint8Array[]): void {
  for (let data = queue.shift(); data; data = queue.shift()) {
    const written = Math.max(0, end.write(data));
    if (written === data.length) continue;
    queue.unshift(data.subarray(written));
    return;
  }
}

/** What a replica says before it asks for its master's data. */
const REPLICA_SAYS = "REPLCONF";

/** Stands between two programs that talk over TCP: it can be pointed at another port, cut and held. */
export class TcpProxy {
  target: number;
  /** Changes what the target answers. */
  rewrite: ((answer: string) => string) | undefined;
  /** Hears what the target is about to be asked. */
  hear: ((question: Buffer) => void) | undefined;
  /** How many connections it was asked for. */
  accepted = 0;
  #isCut = false;
  #isHeld = false;
  #takesReplicas = true;
  readonly #lines = new Set<Line>();
  readonly #server: TCPSocketListener<Line | undefined>;

  /** @param target the port to pass on to. */
  constructor(target: number) {
    this.target = target;
    this.#server = Bun.listen<Line | undefined>({
      hostname: "127.0.0.1",
      port: 0,
      data: undefined,
      socket: {
        open: (socket) => this.#accept(socket as End),
        data: (socket, data) => socket.data && this.#asked(socket.data, data),
        drain: (socket) => socket.data && this.#flush(socket.data),
        close: (socket) => socket.data && this.#ended(socket.data),
        error: (socket) => socket.data && this.#ended(socket.data),
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

  /** Passes nothing on and tells nobody, as a network does that loses everything, until it is mended. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Ends the connections of replicas, and refuses those alone until it is mended. */
  cutReplicas(): void {
    this.#takesReplicas = false;
    for (const line of this.#lines) if (line.isReplica) line.end();
  }

  mend(): void {
    this.#isCut = this.#isHeld = false;
    this.#takesReplicas = true;
    for (const line of this.#lines) this.#flush(line);
  }

  /** Ends all connections, and passes new ones on to this port. */
  pointAt(port: number): void {
    this.target = port;
    this.#endAll();
  }

  #accept(caller: End): void {
    this.accepted++;
    if (this.#isCut) {
      caller.terminate();
      return;
    }
    const line = new Line(caller);
    caller.data = line;
    this.#lines.add(line);
    const connecting = Bun.connect<Line>({
      hostname: "127.0.0.1",
      port: this.target,
      data: line,
      socket: {
        open: (target) => {
          line.target = target;
          this.#flush(line);
        },
        data: (_, data) => this.#answered(line, data),
        drain: () => this.#flush(line),
        close: () => this.#ended(line),
        connectError: () => this.#ended(line),
      },
    });
    connecting.catch(() => this.#ended(line));
  }

  #asked(line: Line, data: Uint8Array): void {
    line.isReplica ||= Buffer.from(data).includes(REPLICA_SAYS);
    if (line.isReplica && !this.#takesReplicas) {
      line.end();
      return;
    }
    this.hear?.(Buffer.from(data));
    line.toTarget.push(new Uint8Array(data));
    this.#flush(line);
  }

  #answered(line: Line, data: Uint8Array): void {
    const answer = new Uint8Array(data);
    line.toCaller.push(this.rewrite ? Buffer.from(this.rewrite(Buffer.from(answer).toString())) : answer);
    this.#flush(line);
  }

  #flush(line: Line): void {
    if (this.#isHeld) return;
    line.flush();
    if (line.isOver) this.#ended(line);
  }

  #ended(line: Line): void {
    line.isOver = true;
    // Nobody would hear of it.
    if (this.#isHeld) return;
    this.#lines.delete(line);
    line.end();
  }

  #endAll(): void {
    for (const line of this.#lines) line.end();
    this.#lines.clear();
  }
}
