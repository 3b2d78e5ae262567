import { Elysia } from "elysia";
import { endOf, type Grant } from "../../auth/grant.ts";
import type { EventSink } from "../../broker/sink.ts";
import { EventInput } from "../../events/event-input.ts";
import { SLICE_MS, turn } from "../../timers.ts";
import { invalidToken } from "../answer/challenge.ts";
import { draining, Problem, problemOf } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { component, operation, sequence } from "../openapi/operation.ts";
import { PROBLEM } from "../openapi/problems.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";
import { checkEvent } from "../publish/check-event.ts";
import { assertPublisher, PublishedReceipt, publishOne } from "../publish/publishing.ts";
import { accountOf, type Incoming } from "../request/address.ts";
import { assertBodyHead } from "../request/body.ts";
import { type Line, LineCutter, TOO_LONG } from "../request/json-lines.ts";
import { directStream } from "../stream/direct-stream.ts";

const NDJSON = "application/x-ndjson";
const HEADERS = { "content-type": NDJSON, "cache-control": "no-store", "x-accel-buffering": "no" };

/** One line of the answer, as the interface's description has it. */
const ANSWER = {
  anyOf: [
    component("Receipt", PublishedReceipt),
    {
      allOf: [PROBLEM],
      properties: { line: { type: "integer", minimum: 1, description: "The number of the line, from 1 on" } },
    },
  ],
};

const encoder = new TextEncoder();

/**
 * `POST /publish/stream`: an event a line comes in, and an answer a line goes out, in the same
 * order, as each event is kept. A line that is refused is answered with its problem and its number,
 * and the stream goes on; it ends when no later line could fare better (401, 5xx). When the hub stops,
 * the stream ends with a problem without a number: what has an answer before it is kept. Blank lines are
 * counted, and not answered.
 *
 * What is not read stays with the sender: while the hub has not yet kept what it has read, while the
 * sender does not read the answers, and while it publishes faster than it may.
 */
export function publishStreamRoutes(hub: Hub) {
  return new Elysia().post(
    "/publish/stream",
    async ({ request, server, route }) => {
      const incoming = { request, server };
      const grant = await hub.access(request);
      assertPublisher(hub, grant);
      assertBodyHead(incoming, NDJSON);
      if (hub.broker.draining) throw draining();
      // The sender may have nothing to say for hours.
      server?.timeout(request, 0);
      const body = request.body?.getReader();
      const stream = directStream(request, (sink) => {
        const publishing = new PublishStream(hub, grant, incoming, route, sink);
        publishing.run(body).finally(() => sink.close());
      });
      return new Response(stream, { headers: HEADERS });
    },
    {
      parse: "none",
      detail: operation({
        tag: "publish",
        audience: "publisher",
        summary: "Publish by a stream: a line for each event",
        description:
          "Each line is the JSON of an event, as `POST /publish` takes it. Answers a line for each, in order, as " +
          "it is kept: what `POST /publish` answers, or a problem with the number of its `line`. The stream goes " +
          "on after a refusal, but for a 401 and 5xx. Read the answers while you send.",
        body: sequence(NDJSON, component("EventInput", EventInput), {
          "two events":
            '{"type":"order-shipped","data":{"order":7},"topics":["orders/7"]}\n' +
            '{"type":"order-shipped","data":{"order":8},"topics":["orders/8"]}\n',
        }),
        answers: {
          200: {
            description: "A line for each event",
            headers: { "Cache-Control": NOT_STORED },
            content: sequence(NDJSON, ANSWER, {
              "one kept, one refused":
                '{"id":"bcdfghjkmnpq-12","recipients":3}\n' +
                '{"title":"Bad Request","status":400,"detail":"this is not JSON","request_id":"r-1","line":2}\n',
            }),
          },
        },
        problems: [415],
      }),
    },
  );
}

type Body = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** One sender's stream. */
class PublishStream {
  readonly #hub: Hub;
  readonly #grant: Grant;
  readonly #incoming: Incoming;
  readonly #route: string;
  readonly #sink: EventSink;
  readonly #account: string;
  /** Bytes. */
  readonly #longestLine: number;
  /** The answers that are on their way, in the order of their lines. */
  #answers: (string | Promise<string>)[] = [];
  #line = 0;
  #ended = false;

  constructor(hub: Hub, grant: Grant, incoming: Incoming, route: string, sink: EventSink) {
    this.#hub = hub;
    this.#grant = grant;
    this.#incoming = incoming;
    this.#route = route;
    this.#sink = sink;
    this.#account = accountOf(hub, grant, incoming);
    this.#longestLine = Math.min(hub.limits.maxBody, hub.limits.maxEvent);
  }

  /** Resolves when the last answer has gone out, or the sender is gone. */
  async run(body: Body | undefined): Promise<void> {
    const { stopping } = this.#hub.broker;
    // What is being read then ends.
    const stop = () => void body?.cancel().catch(() => {});
    stopping.addEventListener("abort", stop);
    try {
      const cutter = new LineCutter(this.#longestLine);
      while (body && !this.#ended) {
        // All that arrives in one turn is read at once, however many chunks it is.
        await turn();
        const { done, value } = await body.read();
        // Half of a line, perhaps, is all that is left.
        if (stopping.aborted && done) break;
        let until = performance.now() + SLICE_MS;
        for (const line of done ? cutter.rest() : cutter.cut(value)) {
          await this.#take(line);
          if (this.#ended) break;
          if (performance.now() < until) continue;
          await this.#answer();
          await turn();
          until = performance.now() + SLICE_MS;
        }
        await this.#answer();
        if (done) break;
      }
      if (stopping.aborted) this.#answers.push(this.#refusal(draining()));
      await this.#answer();
    } catch {
      // The connection is gone, and with it whoever could be told.
    } finally {
      stopping.removeEventListener("abort", stop);
      body?.cancel().catch(() => {});
    }
  }

  /** Begins to publish a line, when the sender's rate allows one. */
  async #take(line: Line): Promise<void> {
    this.#line++;
    if (line !== TOO_LONG && isBlank(line)) return;
    for (let wait = this.#spend(); wait > 0; wait = this.#spend()) {
      await this.#answer();
      await Bun.sleep(Math.ceil(wait * 1000));
    }
    this.#answers.push(this.#answerTo(line, this.#line));
  }

  #spend(): number {
    return this.#hub.publishRate?.take(this.#account) ?? 0;
  }

  async #answerTo(line: Line, number: number): Promise<string> {
    try {
      if (line === TOO_LONG) throw new Problem(413, `an event here is ${this.#longestLine} bytes at most`);
      const over = endOf(this.#grant);
      if (over !== undefined) throw invalidToken(over);
      return JSON.stringify(await publishOne(this.#hub, this.#grant, checkEvent(this.#hub, line)));
    } catch (error) {
      const problem = problemOf(error);
      if (problem.status === 401 || problem.status >= 500) this.#ended = true;
      return this.#refusal(problem, number);
    }
  }

  #refusal(problem: Problem, line?: number): string {
    const id = this.#hub.refusals.note(problem, { request: this.#incoming.request, route: this.#route });
    return JSON.stringify({ ...problem.toBody(id), line });
  }

  /** Sends the answers so far, and waits until there is room for more. */
  async #answer(): Promise<void> {
    const answers = await Promise.all(this.#answers.splice(0));
    if (answers.length > 0) await this.#sink.enqueue(encoder.encode(`${answers.join("\n")}\n`));
  }
}

/** JSON's white space, RFC 8259 section 2, without the LF that can't be in a line. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
