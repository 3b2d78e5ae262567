import { dlopen, ptr } from "bun:ffi";
import { readdirSync } from "node:fs";

// Linux: tcp(7), socket(7). The runtime sets none of these, and shows no descriptor.
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_DEFER_ACCEPT = 9;
const TCP_USER_TIMEOUT = 18;

/** For how long a connection that says nothing stays the system's, in seconds. */
const SILENT_SECONDS = 10;
/** How often one that is quiet is asked whether it is there, before it is given up. */
const PROBES = 3;
/** As large as any socket's address. */
const ADDRESS_BYTES = 128;

/**
 * Has the system end connections whose other side has vanished without a word, as by a power cut: once
 * what was sent has not been acknowledged for that long. A stream's keep-alives are what is sent; on
 * connections that are quiet, the system's own probes. It also keeps connections that say nothing from
 * the hub, so that they take none of its file descriptors.
 *
 * Set on the socket that listens at the port, every connection inherits it, at no cost.
 *
 * @param timeout milliseconds; 0 leaves it to the system, which mostly waits for a quarter of an hour.
 * @returns false where that can't be done: on other systems than Linux.
 */
export function tuneListeningSockets(port: number, timeout: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    const libc = openLibc();
    const sockets = libc.socketsListeningAt(port);
    for (const socket of sockets) {
      libc.set(socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, SILENT_SECONDS);
      if (timeout <= 0) continue;
      const seconds = timeout / 1000;
      libc.set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, timeout);
      libc.set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
      libc.set(socket, IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(seconds / 2));
      libc.set(socket, IPPROTO_TCP, TCP_KEEPINTVL, Math.ceil(seconds / 2 / PROBES));
      libc.set(socket, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    }
    return sockets.length > 0;
  } catch {
    // No such library, or no descriptor left to look with.
    return false;
  }
}

/** The system's own library, by the name that it has with glibc and musl alike. */
function openLibc() {
  const { symbols } = dlopen("libc.so.6", {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  });

  function isListening(fd: number): boolean {
    const [value, length] = [new Int32Array(1), new Int32Array([4])];
    const failed = symbols.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, ptr(value), ptr(length)) !== 0;
    return !failed && value[0] === 1;
  }

  function portOf(fd: number): number {
    const [address, length] = [new Uint8Array(ADDRESS_BYTES), new Int32Array([ADDRESS_BYTES])];
    if (symbols.getsockname(fd, ptr(address), ptr(length)) !== 0) return 0;
    // The port follows the family, in both families.
    return new DataView(address.buffer).getUint16(2);
  }

  return {
    socketsListeningAt: (port: number) =>
      readdirSync("/proc/self/fd")
        .map(Number)
        .filter((fd) => isListening(fd) && portOf(fd) === port),
    set(fd: number, level: number, option: number, value: number) {
      symbols.setsockopt(fd, level, option, ptr(new Int32Array([value])), 4);
    },
  };
}
