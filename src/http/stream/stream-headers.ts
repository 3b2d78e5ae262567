/** The headers of every event stream. */
export const STREAM_HEADERS = {
  // A stream is UTF-8 by definition, but some clients take Latin-1 unless they are told.
  "content-type": "text/event-stream;charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // nginx buffers what it proxies unless it is told not to.
  "x-accel-buffering": "no",
  // The second is for pages of other origins; what the rest of the hub says of it does not get here.
  vary: "accept-encoding, origin",
};
