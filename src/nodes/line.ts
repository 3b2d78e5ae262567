import { type Frame, FrameReader } from "./frames.ts";

/** So many bytes are written at once, or one frame. */
const PIECE_BYTES = 256 * 1024;

/** What a line has to tell the one who holds it. */
export interface LineListener {
  /** A frame has arrived. What it throws ends the line. */
  arrived(frame: Frame): void;
  /** All that was sent has been taken by the system. */
  drained?(): void;
  /** The other side is gone, or what it sent can't be read. It is told once. */
  ended(error: unknown): void;
}

/** The part of a socket that a line writes to. */
interface Writable {
  /** How many of the bytes it took; less than all when it is full, or a negative number when it is closed. */
  write(bytes: Uint8Array): number;
  end(): void;
}

/**
 * A line to another process: frames arrive whole and in order. What is sent within one turn of the event
 * loop goes out together, unless it is flushed. What the socket does not take waits, and {@link waiting} says how much that is.
 */
export class Line {
  listener: LineListener | undefined;
  readonly #socket: Writable;
  readonly #reader = new FrameReader();
  #frames: Uint8Array[] = [];
  #waiting = 0;
  #isFull = false;
  #isScheduled = false;
  #isEnded = false;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  /** How many bytes wait to be taken by the system. */
  get waiting(): number {
    return this.#waiting;
  }

  send(frame: Uint8Array): void {
    this.add(frame);
    if (this.#isFull || this.#isScheduled || this.#isEnded) return;
    this.#isScheduled = true;
    setImmediate(this.#sendScheduled);
  }

  /** Has a frame wait for {@link Line.flush}. */
  add(frame: Uint8Array): void {
    if (this.#isEnded) return;
    this.#frames.push(frame);
    this.#waiting += frame.length;
  }

  /** Sends what waits, which saves a turn where nothing else belongs to it. */
  flush(): void {
    if (this.#frames.length > 0) this.#write();
  }

  end(): void {
    this.#write();
    this.#socket.end();
  }

  /** Called by the socket. */
  data(piece: Buffer): void {
    if (this.#isEnded) return;
    try {
      for (const frame of this.#reader.read(piece)) {
        if (this.#isEnded) return;
        this.listener?.arrived(frame);
      }
    } catch (error) {
      this.closed(error);
      this.#socket.end();
    }
  }

  /** Called by the socket. */
  drain(): void {
    this.#isFull = false;
    this.#write();
  }

  /** Called by the socket. */
  closed(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#frames = [];
    this.#waiting = 0;
    this.listener?.ended(error);
  }

  readonly #sendScheduled = (): void => {
    this.#isScheduled = false;
    this.#write();
  };

  #write(): void {
    while (!this.#isFull && !this.#isEnded && this.#frames.length > 0) {
      const bytes = this.#nextBytes();
      const written = Math.max(0, this.#socket.write(bytes));
      this.#waiting -= written;
      if (written === bytes.length) continue;
      this.#isFull = true;
      this.#frames.unshift(bytes.subarray(written));
    }
    if (!this.#isFull && !this.#isEnded) this.listener?.drained?.();
  }

  /** The first frames as one piece: small ones are cheaper to copy than to write one by one. */
  #nextBytes(): Uint8Array {
    let length = 0;
    let count = 0;
    while (count < this.#frames.length && (count === 0 || length < PIECE_BYTES)) {
      length += this.#frames[count++]?.length ?? 0;
    }
    const next = this.#frames.splice(0, count);
    return next.length === 1 && next[0] ? next[0] : Buffer.concat(next);
  }
}

/** What {@link listenForLines} and {@link connectLine} keep at a socket. */
interface Held {
  line: Line;
}

const HANDLERS = {
  data: ({ data }: { data: Held }, piece: Buffer) => data.line.data(piece),
  drain: ({ data }: { data: Held }) => data.line.drain(),
  close: ({ data }: { data: Held }) => data.line.closed(),
  error: ({ data }: { data: Held }, error: Error) => data.line.closed(error),
};

/** Takes lines at a Unix socket. @returns a function that ends that. */
export function listenForLines(path: string, opened: (line: Line) => void): () => void {
  const listener = Bun.listen<Held>({
    unix: path,
    socket: {
      ...HANDLERS,
      open(socket) {
        const line = new Line(socket);
        socket.data = { line };
        opened(line);
      },
    },
  });
  return () => listener.stop(true);
}

/** A line to the process that listens at a Unix socket. */
export async function connectLine(path: string): Promise<Line> {
  const socket = await Bun.connect<Held | undefined>({
    unix: path,
    socket: {
      open(socket) {
        socket.data = { line: new Line(socket) };
      },
      data: (socket, piece) => socket.data?.line.data(piece),
      drain: (socket) => socket.data?.line.drain(),
      close: (socket) => socket.data?.line.closed(),
      error: (socket, error) => socket.data?.line.closed(error),
    },
  });
  const { line } = socket.data ?? { line: new Line(socket) };
  return line;
}
