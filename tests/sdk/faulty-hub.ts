import { defer } from "../defer.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** A request as it came: the runtime forgets its headers with its answer. */
export interface Received {
  readonly request: Request;
  readonly url: URL;
  readonly headers: Headers;
}

/** A server that gives one answer after the other, and its last one for ever after. */
export function startFaultyHub(...answers: Answer[]): { url: string; requests: Received[] } {
  const requests: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch(request) {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push({ request, url: new URL(request.url), headers: new Headers(request.headers) });
      if (!answer) throw new Error("no answer to give");
      return answer(request);
    },
  });
  defer(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, requests };
}

export const never: Answer = () => new Promise<Response>(() => {});

/** A refusal that says when to come back, in seconds. */
export function busy(status: number, retryAfter: string): Answer {
  return () => Response.json({ title: "busy", status }, { status, headers: { "retry-after": retryAfter } });
}

export const accepted: Answer = async (request) => {
  const { id } = (await request.json()) as { id: string };
  return Response.json({ id, recipients: 0 });
};

/** An event stream of these chunks, which then ends, or stays open in silence. */
export function stream(chunks: readonly (string | Uint8Array)[], { open = false } = {}): Answer {
  return () => {
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const chunk of chunks) {
          controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
          // So that they go out as the chunks they are.
          await Bun.sleep(5);
        }
        if (!open) controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}
