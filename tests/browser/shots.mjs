// Takes pictures of the built page, for the eye: each address at two widths, in both themes and languages.
//
//   scripts/shots '#/lab/two-phase-commit/textbook' --at 12
//
// --at N            the moment, added to each address
// --widths 1440,360 --themes light,dark --langs en,pt-BR
// --press Space,ArrowRight   keys before the picture    --click 'css selector'   (several times allowed)
// --wait 500        milliseconds before the picture     --full   the whole page, not only what is in view
// --url http://127.0.0.1:8080/   a running scripts/serve instead of dist/
// --out folder      default: tests/browser/out
//
// Prints each picture's path, and every console error; fails when there was one.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { launch, OUT, ROOT } from "./harness.mjs";

const text = (value) => ({ type: "string", default: value });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: "string" },
    widths: text("1440,360"),
    themes: text("light,dark"),
    langs: text("en,pt-BR"),
    press: text(""),
    click: { type: "string", multiple: true, default: [] },
    wait: text("600"),
    full: { type: "boolean", default: false },
    url: { type: "string" },
    out: text(OUT),
  },
});
const list = (value) => value.split(",").filter(Boolean);
const out = resolve(values.out);
mkdirSync(out, { recursive: true });

const lab = await launch();
let failed = false;
for (const given of positionals.length ? positionals : ["#/"]) {
  const address = values.at ? `${given}${given.includes("?") ? "&" : "?"}at=${values.at}` : given;
  const slug = address.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "home";
  for (const width of list(values.widths).map(Number)) {
    for (const theme of list(values.themes)) {
      for (const lang of list(values.langs)) {
        const phone = width < 700;
        const tab = await lab.open(address, { width, height: phone ? 740 : 900, theme, lang, touch: phone, base: values.url });
        try {
          await tab.started();
          for (const selector of values.click) await tab.page.locator(selector).first().click();
          for (const key of list(values.press)) await tab.page.keyboard.press(key);
          await tab.page.waitForTimeout(Number(values.wait));
        } catch (error) {
          tab.errors.push(String(error));
        }
        const path = join(out, `${slug}-${width}-${theme}-${lang}.png`);
        await tab.page.screenshot({ path, fullPage: values.full });
        console.log(path.startsWith(ROOT) ? path.slice(ROOT.length + 1) : path);
        for (const error of tab.errors) {
          failed = true;
          console.error(`  ${error}`);
        }
        await tab.close();
      }
    }
  }
}
await lab.close();
process.exitCode = failed ? 1 : 0;
