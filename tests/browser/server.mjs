// A static file server for the tests: on a free port, below any path, with the headers of a strict
// host, and able to be slow or broken on purpose.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

/** The strictest policy under which the page must work. */
export const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * Serves the folder `root` below `prefix`.
 *
 * - `csp`: the Content-Security-Policy of the served files; `null` for none
 * - `headers`: further headers of the served files
 * - `pages`: `{ "/host.html": "<!doctype html>…" }`, pages of the test's own, without a policy
 *
 * In what comes back, `requests` lists what was asked for (method, path, status; 0 before the answer,
 * -1 when the connection was broken), and
 * `fail(pattern, how)` and `slow(pattern, milliseconds)` change the answers from then on: `pattern` is
 * matched against the path, `how` is a status, "abort" (the connection breaks) or "cut" (half the file).
 */
export async function serve({ root, prefix = "/", csp = STRICT, headers = {}, pages = {} }) {
  const base = `/${prefix}/`.replace(/\/+/g, "/");
  const requests = [];
  const failures = [];
  const delays = [];

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const record = { method: request.method, path, status: 0 };
    requests.push(record);
    const end = (status, sent, body) => {
      record.status = status;
      response.writeHead(status, { "cache-control": "no-store", ...sent });
      response.end(body);
    };

    const wait = delays.findLast(([pattern]) => pattern.test(path))?.[1];
    if (wait) await new Promise((done) => setTimeout(done, wait));
    const failure = failures.findLast(([pattern]) => pattern.test(path))?.[1];
    if (failure === "abort") {
      record.status = -1;
      return request.socket.destroy();
    }
    if (typeof failure === "number") return end(failure, { "content-type": "text/plain" }, "broken on purpose");

    if (pages[path]) return end(200, { "content-type": TYPES[".html"] }, pages[path]);
    if (!path.startsWith(base)) return end(404, { "content-type": "text/plain" }, "not found");
    const inside = normalize(path.slice(base.length)).replace(/^(\.\.[/\\])+/, "");
    const name = inside === "." || inside === "" ? "index.html" : inside;
    try {
      const body = await readFile(join(root, name));
      const policy = csp ? { "content-security-policy": csp } : {};
      const type = { "content-type": TYPES[extname(name)] ?? "application/octet-stream" };
      end(200, { ...type, ...policy, ...headers }, failure === "cut" ? body.subarray(0, body.length / 2) : body);
    } catch {
      end(404, { "content-type": "text/plain" }, "not found");
    }
  });

  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: origin + base,
    requests,
    fail: (pattern, how) => failures.push([pattern, how]),
    slow: (pattern, milliseconds) => delays.push([pattern, milliseconds]),
    /** Waits until every request so far has its answer. */
    idle: async () => {
      while (requests.some(({ status }) => status === 0)) await new Promise((done) => setTimeout(done, 10));
    },
    mend: () => {
      failures.length = 0;
      delays.length = 0;
    },
    close: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}
