// @ts-check
// One event stream per browser, not per tab: over HTTP/1.1 a browser opens six connections to a host, and a stream holds
// one. The tab that holds the lock reads and hands on; when it closes, the next tab gets the lock. Web Locks exist only on
// HTTPS and localhost; elsewhere each visible tab reads for itself and stops when hidden.

/** @typedef {{name: string, data: any}} Message */

const silence = 25_000; // no event for so long, with a beat every 10 s: the stream is gone

/**
 * @param {string} url
 * @param {string[]} names events to be told of
 * @param {(message: Message) => void} tell
 * @param {(live: boolean) => void} state
 * @returns {() => void} stops
 */
export function live(url, names, tell, state) {
  const bus = new BroadcastChannel("live " + url);
  const stop = new AbortController();
  /** @type {EventSource | undefined} */
  let stream;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let watch;
  let wait = 1000;

  const listen = () => {
    clearTimeout(watch);
    watch = setTimeout(() => {
      state(false);
      if (stream) again();
    }, silence);
  };
  const alive = () => {
    state(true);
    listen();
  };
  const again = () => {
    stream?.close();
    stream = undefined;
    // Spread, so that a server that comes back is not met by everybody at once.
    setTimeout(() => !stop.signal.aborted && !paused() && read(), wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 30_000);
  };
  const read = () => {
    stream?.close();
    const source = new EventSource(url);
    stream = source;
    for (const name of names) {
      source.addEventListener(name, (event) => {
        wait = 1000;
        const message = { name, data: JSON.parse(event.data) };
        alive();
        tell(message);
        bus.postMessage(message);
      });
    }
    source.addEventListener("error", () => {
      state(false);
      if (source.readyState === EventSource.CLOSED) again(); // refused: the browser does not try again by itself
    });
  };
  const close = () => {
    stream?.close();
    stream = undefined;
    clearTimeout(watch);
  };
  const paused = () => !navigator.locks && document.hidden;

  listen();
  bus.onmessage = ({ data }) => {
    alive();
    tell(data);
  };
  if (navigator.locks) {
    navigator.locks
      .request("live " + url, { signal: stop.signal }, () => new Promise((resolve) => {
        read();
        stop.signal.addEventListener("abort", () => resolve(undefined));
      }))
      .catch(() => {}); // stopped while waiting for the lock
  } else {
    const follow = () => (document.hidden ? close() : read());
    document.addEventListener("visibilitychange", follow, { signal: stop.signal });
    follow();
  }
  return () => {
    stop.abort();
    close();
    bus.close();
  };
}
