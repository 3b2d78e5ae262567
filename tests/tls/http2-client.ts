import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { defer } from "../defer.ts";

/** One HTTP/2 connection, closed after the test. */
export class Http2Client {
  readonly session: ClientHttp2Session;

  constructor(url: string) {
    this.session = connect(url, { rejectUnauthorized: false });
    this.session.on("error", () => {});
    defer(() => this.session.destroy());
  }

  /** A GET, or with a body a POST of JSON. */
  open(path: string, body?: string): Http2Answer {
    const stream = this.session.request(
      body === undefined
        ? { ":path": path }
        : { ":method": "POST", ":path": path, "content-type": "application/json" },
    );
    stream.end(body);
    return new Http2Answer(stream);
  }
}

/** What comes back on one of its streams. */
export class Http2Answer {
  readonly stream: ClientHttp2Stream;
  text = "";
  readonly status: Promise<number | undefined>;
  readonly ended: Promise<void>;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      this.text += text;
    });
    stream.on("error", () => {});
    this.status = new Promise((resolve) => stream.once("response", (headers) => resolve(headers[":status"])));
    this.ended = new Promise((resolve) => stream.once("close", resolve));
  }
}
