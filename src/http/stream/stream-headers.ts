/** The headers of every event stream. */
export const STREAM_HEADERS = {
  // A stream is always UTF-8, but some clients assume Latin-1 without a charset.
  "content-type": "text/event-stream;charset=utf-8",
  "cache-control": "no-cache, no-transform",
  // Without this, nginx buffers the stream.
  "x-accel-buffering": "no",
  // The second is for pages of other origins; what the rest of the hub says of it does not get here.
  vary: "accept-encoding, origin",
};
