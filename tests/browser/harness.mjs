// What the browser tests share: the built page on a strict server, in a real Chromium, with an eye on
// everything that goes wrong and everything that is asked for.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "./server.mjs";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const DIST = resolve(process.env.CONVERGE_DIST ?? join(ROOT, "dist"));
/** Where pictures go; never committed. */
export const OUT = join(ROOT, "tests/browser/out");

// The scripts know where the tools are; asked once.
const [modules, chromium] = execFileSync(
  "bash",
  ["-c", `source "$0/scripts/lib" && use_tools && printf '%s\\n' "$CONVERGE_BROWSER_MODULES" "$(find_browser)"`, ROOT],
  { encoding: "utf8" },
).split("\n");
if (!existsSync(modules) || !chromium) {
  throw new Error("The browser tests need their tools: run scripts/setup test");
}
const tools = createRequire(join(modules, "_"));

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts a server for the built page and a browser. The options are those of `serve`.
 * Close it when the tests are done: `after(() => lab.close())`.
 */
export async function launch(options = {}) {
  const root = options.root ?? DIST;
  if (!existsSync(join(root, "index.html"))) throw new Error("There is no built page: run scripts/build");
  const server = await serve({ root, ...options });
  // Its own profile and its own home for caches: nothing of one run is seen by the next.
  const profile = mkdtempSync(join(tmpdir(), "converge-browser-"));
  const browser = await tools("playwright-core").chromium.launch({
    executablePath: chromium,
    args: FLAGS,
    env: { ...process.env, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
  return {
    server,
    browser,
    open: (path = "", how = {}) => open(browser, server, path, how),
    close: async () => {
      await browser.close();
      await server.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/**
 * Opens `path` (relative to the page, such as "#/lab/saga/textbook", or absolute) in a context of its own.
 *
 * What comes back holds the Playwright `page`, and what was seen so far: `errors` (console errors, uncaught
 * exceptions, crashes), `warnings`, `requests` (all addresses), `foreign()` (those that leave the origin).
 * `started()` waits until the app or the error page is there and says which: "app" or "crash".
 */
async function open(browser, server, path, how) {
  const { width = 1440, height = 900, lang = "en", theme = "light", reducedMotion = false, touch = false } = how;
  const context = await browser.newContext({
    viewport: { width, height },
    locale: lang,
    colorScheme: theme,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
    hasTouch: touch,
    isMobile: touch,
    deviceScaleFactor: how.scale ?? 1,
    javaScriptEnabled: how.javaScript ?? true,
    ...how.context,
  });
  const errors = [];
  const warnings = [];
  const requests = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()}`);
    if (message.type() === "warning") warnings.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(`exception: ${error.stack ?? error}`));
  page.on("crash", () => errors.push("the tab crashed"));
  context.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  if (how.before) await how.before(page);

  await page.goto(new URL(path, how.base ?? server.url).href, { waitUntil: how.waitUntil ?? "load" });

  return {
    page,
    context,
    errors,
    warnings,
    requests,
    foreign: () => requests.filter((url) => !url.startsWith(`${server.origin}/`) && !/^(data|blob|about):/.test(url)),
    started: (frame = page, timeout = 20_000) => started(frame, timeout),
    axe: () => axe(page),
    screenshot: (name, options) => screenshot(page, name, options),
    close: () => context.close(),
  };
}

/** Waits until the app has taken the place of the boot mark ("app") or the error page has ("crash"). */
export async function started(frame, timeout = 20_000) {
  await frame.locator("#boot").waitFor({ state: "detached", timeout });
  // The error page is appended in the same task that removes the boot mark.
  return (await frame.locator("#crash").count()) ? "crash" : "app";
}

/** The violations that axe-core finds, each with the places: an empty list is the wish. */
export async function axe(page, options = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }) {
  await page.evaluate(readFileSync(join(modules, "axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate((given) => window.axe.run(document, given), options);
  return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, at: nodes.map((node) => node.target.join(" ")) }));
}

/** Saves a picture into the ignored folder and returns its path. */
export async function screenshot(page, name, options = {}) {
  mkdirSync(OUT, { recursive: true });
  const path = join(OUT, `${name}.png`);
  await page.screenshot({ path, ...options });
  return path;
}
