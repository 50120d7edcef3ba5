// Sees which functions the first lab needs: serves a copy of dist/ whose module is marked (scripts/split),
// opens it as a newcomer does, on a desk and on a phone, and writes the numbers of what has run.
//
//   node scripts/first-lab.mjs MARKED OUT
//
// The first lab is the home page with its live lab and a shipped scenario in the lab itself: at rest,
// played to its end, stepped back and forth. What comes after it (acting on things, texts of recipes,
// dialogs, other panels) is what the second module is for; it is fetched as soon as the first has painted.
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
const visit = async (path, how, walk) => {
  const tab = await lab.open(path, how);
  if ((await tab.started()) !== "app") throw new Error(`${path} does not start: ${tab.errors}`);
  await walk(tab.page);
  await note(tab.page);
  if (tab.errors.length) throw new Error(`${path}: ${tab.errors}`);
  await tab.close();
};
const atState = (page, wanted) =>
  page.waitForFunction((n) => {
    const { state, steps } = document.querySelector(".lab").dataset;
    return state === (n ?? steps);
  }, wanted);

try {
  for (const how of [{ lang: "en" }, { width: 360, height: 740, touch: true, lang: "pt-BR", theme: "dark" }]) {
    await visit("#/", how, (page) => page.waitForTimeout(2500));
    await visit("#/lab/two-phase-commit/shop", how, async (page) => {
      await page.locator(".lab").waitFor();
      await page.waitForTimeout(300);
      for (const key of ["]", "]", "]", "Space"]) await page.keyboard.press(key);
      await atState(page);
      for (const key of ["ArrowLeft", "ArrowLeft", "ArrowRight", "Home"]) await page.keyboard.press(key);
      await atState(page, "0");
      await page.keyboard.press("End");
      await atState(page);
    });
  }
  writeFileSync(out, JSON.stringify([...used].sort((a, b) => a - b)));
  console.error(`${used.size} functions have run`);
} finally {
  await lab.close();
  rmSync(root, { recursive: true, force: true });
}
