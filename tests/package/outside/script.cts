// The SDK, where it is required.
import events = require("tidings/events");
import sdk = require("tidings/sdk");

const hub = sdk.createPublisher({ url: process.argv[2] ?? "" });
const data: events.TraceUpdate = { trace_id: "t", span_count: 1 };
void hub.publish(events.EventType.TraceUpdate, data).then(({ recipients }) => console.log(recipients));
