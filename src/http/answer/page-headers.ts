/** Every answer has it: no browser takes an answer for another type than it says. */
export const NOSNIFF = ["x-content-type-options", "nosniff"] as const;

/**
 * The headers of the hub's own pages. They allow nothing from elsewhere and nothing inline, so a page runs
 * only its own script, whatever a publisher sends. No other page can show it in a frame, where a visitor
 * could be tricked into a click.
 */
export const PAGE_HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};
