import { hubRoute, hubUrl } from "../hub-url.ts";
import { MERCURE_ROUTE, queryOf, type TrialRequest } from "./trial.ts";

/** The stream's address, as a subscriber writes it. */
export function streamUrl(request: TrialRequest): string {
  const { protocol, lastEventId } = request;
  const query = [
    ...queryOf(request).map(([name, value]) => `${name}=${encode(value)}`),
    ...(lastEventId === ""
      ? []
      : [`${protocol === "mercure" ? "lastEventID" : "last_event_id"}=${encode(lastEventId)}`]),
  ];
  return (
    hubRoute(protocol === "tidings" ? "events" : MERCURE_ROUTE) +
    (query.length > 0 ? `?${query.join("&")}` : "")
  );
}

/** Programs that subscribe the same. */
export const listings: Readonly<Record<string, (request: TrialRequest) => string>> = {
  eventsource: (request) => {
    if (request.protocol !== "tidings") {
      return [
        `const stream = new EventSource(\n  ${JSON.stringify(streamUrl(request))},\n);`,
        "// Updates with a type need addEventListener(type, …).",
        "stream.onmessage = (event) => {\n  console.log(event.lastEventId, event.data);\n};",
      ].join("\n");
    }
    const types = request.types.length > 0 ? request.types : ["notification"];
    const listeners = types.map(
      (type) => `stream.addEventListener(${JSON.stringify(type)}, (event) => {
  console.log(event.lastEventId, JSON.parse(event.data));
});`,
    );
    return [
      `const stream = new EventSource(\n  ${JSON.stringify(streamUrl(request))},\n);`,
      ...listeners,
      `stream.addEventListener("tidings.gap", () => location.reload());`,
    ].join("\n");
  },
  sdk: ({ topics, types, lastEventId }) => {
    const options = [
      `url: ${JSON.stringify(hubUrl.replace(/\/$/, ""))}`,
      ...(topics.length > 0 ? [`topics: ${JSON.stringify(topics)}`] : []),
      ...(types.length > 0 ? [`types: ${JSON.stringify(types)}`] : []),
      ...(lastEventId === "" ? [] : [`lastEventId: ${JSON.stringify(lastEventId)}`]),
    ];
    return `import { createSubscriber } from "tidings/sdk";

const events = createSubscriber({
  ${options.join(",\n  ")},
});
for await (const { id, type, data } of events) {
  console.log(id, type, data);
}`;
  },
  curl: (request) => `curl -N '${streamUrl(request).replaceAll("'", "%27")}'`,
};

/** A topic reads better with its slashes and stars, which a query may hold (RFC 3986, section 3.4). */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":");
}
