// Sees which functions the first lab needs: serves a copy of dist/ whose module is marked (scripts/split),
// opens it as a newcomer does, on a desk and on a phone, and writes the numbers of what has run.
//
//   node scripts/first-lab.mjs MARKED OUT
//
// The first lab is the live lab of the first page: at rest, played to its end, stepped back and forth. What
// comes after it (the lab's own page, acting on things, dialogs) is what the second module is for: it is
// fetched as soon as the first has painted, and beside the first where an address asks for more.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DIST, launch } from "../tests/browser/harness.mjs";

const [marked, out] = process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), "converge-first-lab-"));
cpSync(DIST, root, { recursive: true });
const module = readdirSync(root).find((name) => name.endsWith("_bg.wasm"));
cpSync(marked, join(root, module));
const boot = join(root, "boot.js");
const call = "await start(";
const code = readFileSync(boot, "utf8");
if (code.split(call).length !== 2) throw new Error(`boot.js no longer says ${call} once`);
writeFileSync(boot, code.replace(call, `window.convergeExports = ${call}`));

const used = new Set();
const note = async (page) => {
  const found = await page.evaluate(() => {
    const marks = Object.entries(window.convergeExports).filter(([name]) => /^h\d+$/.test(name));
    return marks.filter(([, mark]) => mark.value).map(([name]) => Number(name.slice(1)));
  });
  for (const n of found) used.add(n);
};

const lab = await launch({ root });
// What the first page does without stays away: what is done with it is not the first lab's.
const before = (page) => page.route("**/more.txt", () => {});
const visit = async (path, how, walk) => {
  const tab = await lab.open(path, { before, ...how });
  if ((await tab.started()) !== "app") throw new Error(`${path} does not start: ${tab.errors}`);
  await walk(tab.page);
  await note(tab.page);
  if (tab.errors.length) throw new Error(`${path}: ${tab.errors}`);
  await tab.close();
};

try {
  for (const how of [{ lang: "en" }, { width: 360, height: 740, touch: true, lang: "pt-BR", theme: "dark" }]) {
    await visit("#/", how, async (page) => {
      const button = (key) => page.locator(`.transport [data-key="${key}"]`).first();
      await page.waitForTimeout(500);
      await button("Space").click();
      await page.waitForTimeout(4000);
      for (const key of ["End", "←", "←", "→", "Home"]) {
        await button(key).click();
        await page.waitForTimeout(100);
      }
    });
  }
  writeFileSync(out, JSON.stringify([...used].sort((a, b) => a - b)));
  console.error(`${used.size} functions have run`);
} finally {
  await lab.close();
  rmSync(root, { recursive: true, force: true });
}
