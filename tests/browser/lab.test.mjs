// The lab as a reader uses it: the built page, in Chromium, under the strict policy of the server.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { launch } from "./harness.mjs";

const lab = await launch();
after(() => lab.close());

const PRICE_OF_A_FRAME = 50; // Milliseconds between looks, not a limit.

/** State number and fingerprint, as the lab itself says. */
const moment = async (page) => {
  const element = page.locator(".lab");
  const [state, steps, fingerprint] = await Promise.all(
    ["data-state", "data-steps", "data-fingerprint"].map((name) => element.getAttribute(name)),
  );
  return { state: Number(state), steps: Number(steps), fingerprint };
};

const waitForState = async (page, wanted) => {
  await page.waitForFunction((n) => document.querySelector(".lab")?.dataset.state === String(n), wanted, { polling: PRICE_OF_A_FRAME });
};

const openLab = async (path, how = {}) => {
  const tab = await lab.open(path, { reducedMotion: true, ...how });
  assert.equal(await tab.started(), "app");
  await tab.page.locator(".lab").waitFor();
  return tab;
};

const clean = (tab) => {
  assert.deepEqual(tab.errors, [], "errors on the console");
  assert.deepEqual(tab.foreign(), [], "requests that leave the origin");
};

/** The lamp of a promise, wherever it stands: on its lane, or in the line of those that hold all along. */
const lamp = (page, name) => page.locator(".lanes .lamp", { hasText: name });

const everyPromiseHolds = async (page) => {
  assert.ok((await page.locator(".lanes .lamp.is-ok").count()) >= 4, "lamps that are lit");
  assert.equal(await page.locator(".lanes .lamp.is-wait, .lanes .lamp.is-bad").count(), 0, "promises that do not hold");
};

test("plays to the end by itself, and every promise holds", async () => {
  const tab = await openLab("#/lab/two-phase-commit/shop");
  const { page } = tab;
  await page.getByRole("button", { name: /^Play/ }).click();
  const { steps } = await moment(page);
  assert.ok(steps > 15);
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  await waitForState(page, steps);
  await everyPromiseHolds(page);
  clean(tab);
  await tab.close();
});

test("crash after the decision, in doubt, restart, converge, back to the start, link, same moment", async () => {
  const tab = await openLab("#/lab/two-phase-commit/shop");
  const { page } = tab;
  // Break it where it stands: on the coordinator's own card, at a crash point that comes next.
  for (let i = 0; i < 60; i += 1) {
    await page.getByRole("button", { name: /^Coordinator/ }).first().click();
    await page.locator(".acts .act").first().waitFor();
    const point = page.locator(".acts .act", { hasText: /COMMIT tx-1” on disk/ });
    if (await point.count()) {
      await point.first().click();
      break;
    }
    await page.keyboard.press("Escape");
    await page.locator(".acts").waitFor({ state: "detached" });
    await page.keyboard.press("ArrowRight");
  }
  await page.getByRole("tab", { name: "Faults" }).click();
  await page.locator(".lab-side").getByText(/Coordinator crashes after it writes/i).first().waitFor();
  // The arrows belong to the tabs while one of them has the focus.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("End");
  // In doubt, with locks held, and a promise that is not kept yet.
  await page.locator(".card.mood-in-doubt").first().waitFor();
  assert.ok((await page.locator(".card.mood-in-doubt").count()) >= 2, "participants in doubt");
  assert.match(await page.locator(".card.mood-in-doubt").first().innerText(), /lock/i);
  await page.locator(".card.mood-down").waitFor();
  assert.match(await lamp(page, /learns the decision/i).innerText(), /not yet/i);
  // A restart, by hand, some steps later than the crash.
  const blocked = await moment(page);
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+ArrowRight");
  for (let i = 0; i < 40 && !(await page.locator(".card.mood-down").count()); i += 1) await page.keyboard.press("ArrowRight");
  for (let i = 0; i < 4; i += 1) await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: /^Coordinator/ }).first().click();
  await page.locator(".acts .act", { hasText: /Restart/i }).first().click();
  await page.keyboard.press("End");
  await everyPromiseHolds(page);
  assert.equal(await page.locator(".card.mood-in-doubt").count(), 0);
  const end = await moment(page);
  assert.notEqual(end.fingerprint, blocked.fingerprint);
  // Step by step to the start and forth again: the same moments, the same pictures.
  const seen = new Map();
  for (let state = end.state; state >= 0; state -= 1) {
    await waitForState(page, state);
    seen.set(state, [(await moment(page)).fingerprint, await page.locator(".lab-stage").innerText()]);
    if (state > 0) await page.keyboard.press("ArrowLeft");
  }
  for (let state = 0; state <= end.state; state += 1) {
    await waitForState(page, state);
    const [fingerprint, picture] = seen.get(state);
    assert.equal((await moment(page)).fingerprint, fingerprint, `state ${state}`);
    assert.equal(await page.locator(".lab-stage").innerText(), picture, `picture of state ${state}`);
    if (state < end.state) await page.keyboard.press("ArrowRight");
  }
  // The link, in another tab: the same moment of the same run.
  for (let i = 0; i < 5; i += 1) await page.keyboard.press("ArrowLeft");
  const here = await moment(page);
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.locator("#share-link").inputValue();
  assert.match(link, /#\/lab\/two-phase-commit\/shop\/r1\./);
  const other = await openLab(link);
  assert.deepEqual(await moment(other.page), here);
  clean(tab);
  clean(other);
  await tab.close();
  await other.close();
});

test("the whole way by keyboard alone", async () => {
  const tab = await openLab("#/lab/saga/shop");
  const { page } = tab;
  await page.keyboard.press("Space");
  await page.waitForFunction(() => Number(document.querySelector(".lab").dataset.state) > 2, null, { polling: PRICE_OF_A_FRAME });
  await page.keyboard.press("Space");
  const paused = await moment(page);
  // A fault that the scenario offers, by its number.
  await page.keyboard.press("1");
  await page.keyboard.press("End");
  const broken = await moment(page);
  assert.ok(broken.steps > 0);
  assert.match(new URL(page.url()).hash, /r1\./);
  await page.keyboard.press("Control+z");
  assert.doesNotMatch(new URL(page.url()).hash, /r1\./);
  await page.keyboard.press("Control+Shift+z");
  await page.waitForFunction(() => location.hash.includes("r1."));
  await page.keyboard.press("Home");
  await waitForState(page, 0);
  // A card, its menu, and out again with the focus where it was.
  for (let i = 0; i < 80; i += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.classList.contains("card-act"))) break;
  }
  assert.ok(await page.evaluate(() => document.activeElement?.classList.contains("card-act")), "a card is reached by Tab");
  const name = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  await page.keyboard.press("Enter");
  await page.locator(".acts .act").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), name, "focus returns");
  // The palette leads to another scenario.
  await page.keyboard.press("/");
  await page.keyboard.type("declined");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash.includes("/saga/card-declined"));
  await page.keyboard.press("?");
  await page.locator("dialog[open] .keys").waitFor();
  await page.keyboard.press("Escape");
  assert.ok(paused.state > 0);
  clean(tab);
  await tab.close();
});

test("a copy says how far it is behind, that it cannot converge, and why; a click leads to where it was lost", async () => {
  for (const how of [{}, { width: 360, height: 740, touch: true }]) {
    const tab = await openLab("#/lab/cqrs/counted-twice?at=1", how);
    const { page } = tab;
    const copy = page.locator("#copy-0");
    assert.match(await copy.innerText(), /up to date/);
    await copy.click();
    const why = page.locator("#why-copy-0");
    assert.match(await why.innerText(), /cannot converge: an event was counted twice/);
    await why.getByRole("button", { name: /^Lost since/ }).click();
    assert.match(await copy.innerText(), /1 behind/);
    assert.match(await why.innerText(), /not become equal by itself again: an event was counted twice/);
    await page.keyboard.press("Escape");
    assert.equal(await why.count(), 0);
    clean(tab);
    await tab.close();
  }
});

test("B begins a run from here; what is done then leaves the one before as it was", async () => {
  const tab = await openLab("#/lab/two-phase-commit/shop?at=6&view=setup");
  const { page } = tab;
  const here = await moment(page);
  await page.keyboard.press("b");
  assert.match(await page.locator(".toast").innerText(), /branches off at step 6/);
  assert.equal(await page.locator(".branch").count(), 2);
  assert.deepEqual(await moment(page), here);
  await page.keyboard.press("1");
  await page.locator(".branch").nth(2).waitFor();
  await page.locator(".branch").first().click();
  await waitForState(page, here.state);
  assert.deepEqual(await moment(page), here);
  clean(tab);
  await tab.close();
});

test("one set of parameters is one change, which can be taken back", async () => {
  const tab = await openLab("#/lab/saga/textbook-success?view=setup");
  const { page } = tab;
  const [lesson, realistic] = ["Lesson", "Realistic"].map((name) => page.getByRole("button", { name, exact: true }));
  const pressed = async () => [await lesson.getAttribute("aria-pressed"), await realistic.getAttribute("aria-pressed")];
  assert.deepEqual(await pressed(), ["true", "false"]);
  await realistic.click();
  assert.deepEqual(await pressed(), ["false", "true"]);
  assert.equal(await page.locator(".branch").count(), 2);
  await page.getByRole("button", { name: "Undo" }).first().click();
  assert.deepEqual(await pressed(), ["true", "false"]);
  clean(tab);
  await tab.close();
});

test("a selected message says what it is in real systems and why it was sent, and its past is lit", async () => {
  const tab = await openLab("#/lab/cqrs/shop?at=20&view=journal");
  const { page } = tab;
  await page.locator('.j-step[data-step="20"] .j-row').first().click();
  assert.match(await page.locator(".j-detail").innerText(), /In real systems:[^]*Because of step \d+[^]*It began at step \d+/);
  assert.ok((await page.locator(".j-row.past").count()) > 4, "rows of the past");
  assert.ok((await page.locator(".arrow.past").count()) > 1, "messages of the past");
  await page.locator(".j-cause").first().click();
  assert.ok((await moment(page)).state < 20, "the cause is earlier");
  clean(tab);
  await tab.close();
});

test("axe-core finds nothing: pages, views, themes, widths", async () => {
  const pages = [
    ["#/", {}],
    ["#/", { theme: "dark", width: 360, height: 740, touch: true, lang: "pt-BR" }],
    ["#/nothing/here", {}],
    ["#/lab/two-phase-commit/coordinator-crash-after-decision?at=20", {}],
    ["#/lab/two-phase-commit/careless-backup?at=400", { theme: "dark" }],
    ["#/lab/saga/double-charge?at=3&view=journal", { lang: "pt-BR" }],
    ["#/lab/saga/stuck?at=25&view=state", { theme: "dark" }],
    ["#/lab/saga/shop?view=setup", {}],
    ["#/lab/saga/shop?view=about", { theme: "dark" }],
    ["#/lab/cqrs/lost-count?at=34", {}],
    ["#/lab/cqrs/lost-count?at=20", { theme: "dark", width: 360, height: 740, touch: true, lang: "pt-BR" }],
    ...["stage", "sequence", "script", "state", "journal", "setup", "about"].map((view) => [
      // The journal at its start: further on, a row that is half scrolled away counts as a small target.
      `#/lab/two-phase-commit/blocked?at=${view === "journal" ? 2 : 24}&view=${view}`,
      { width: 360, height: 740, touch: true },
    ]),
  ];
  const all = [];
  for (const [path, how] of pages) {
    const tab = await lab.open(path, { reducedMotion: true, ...how });
    assert.equal(await tab.started(), "app");
    await tab.page.locator("main").first().waitFor();
    for (const violation of await tab.axe()) all.push({ page: `${path} ${JSON.stringify(how)}`, ...violation });
    clean(tab);
    await tab.close();
  }
  assert.deepEqual(all, []);
});

test("nothing scrolls sideways on a phone, and everything is there in both languages", async () => {
  for (const lang of ["en", "pt-BR"]) {
    for (const path of ["#/", ...["stage", "sequence", "script", "state", "journal", "setup", "about"].map((v) => `#/lab/saga/card-declined?at=20&view=${v}`)]) {
      const tab = await lab.open(path, { width: 360, height: 740, touch: true, lang, reducedMotion: true });
      assert.equal(await tab.started(), "app");
      await tab.page.locator("main").first().waitFor();
      const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${path} in ${lang} is ${wide} px too wide`);
      const text = await tab.page.locator("body").innerText();
      assert.doesNotMatch(text, /\b(ui|lab|act|event|promise|scenario|param|message|record|node|step)\.[a-z-]+(\.|\b)(?!\w*\/)/, `${path}: a text without a translation`);
      clean(tab);
      await tab.close();
    }
  }
});

test("plays in a frame of another page, below a path", async () => {
  const html = `<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,"><iframe title="lab" width="1000" height="700" src="/docs/demo/#/lab/saga/shop"></iframe>`;
  const below = await launch({ prefix: "/docs/demo/", pages: { "/frame.html": html } });
  const tab = await below.open("/frame.html", { reducedMotion: true });
  const inner = tab.page.frames()[1];
  assert.equal(await tab.started(inner), "app");
  await inner.getByRole("button", { name: /^Play/ }).click();
  await inner.waitForFunction(() => Number(document.querySelector(".lab").dataset.state) > 2, null, { polling: PRICE_OF_A_FRAME });
  clean(tab);
  await below.close();
});

test("every bar of the sequence stands on the life line of its node, also after a change of width", async () => {
  const tab = await openLab("#/lab/saga/card-declined?at=15");
  for (const width of [1440, 1180, 1600]) {
    await tab.page.setViewportSize({ width, height: 900 });
    await tab.page.waitForFunction(() => {
      const middles = (selector) => [...document.querySelectorAll(selector)].map((e) => {
        const box = e.getBoundingClientRect();
        return box.x + box.width / 2;
      });
      const heads = middles(".head");
      const bars = middles(".bar .bar-fill");
      return heads.length === 6 && bars.length > 4 && bars.every((x) => heads.some((h) => Math.abs(h - x) < 3));
    }, null, { polling: PRICE_OF_A_FRAME, timeout: 10_000 });
  }
  clean(tab);
  await tab.close();
});

test("speaks the language and wears the theme of its link", async () => {
  const tab = await openLab("#/lab/saga/textbook-failure?lang=pt-BR&theme=dark");
  assert.equal(await tab.page.locator("html").getAttribute("lang"), "pt-BR");
  assert.equal(await tab.page.locator("html").getAttribute("data-theme"), "dark");
  assert.match(await tab.page.locator(".lab").innerText(), /Serviço de Transações/);
  clean(tab);
  await tab.close();
});

test("a link that was cut or altered says so and shows the best that can be had", async () => {
  const cut = await openLab("#/lab/saga/shop/r1.AAAAAAAAAA");
  assert.match(await cut.page.locator(".toast").innerText(), /cut|altered/i);
  assert.ok((await moment(cut.page)).steps > 10, "the scenario as it is shipped");
  clean(cut);
  await cut.close();
  for (const path of ["#/lab/saga/nothing", "#/lab/nothing/at-all/r1.%%%", "#/lab/%F0%9F", "#/nowhere"]) {
    const tab = await lab.open(path, { reducedMotion: true });
    assert.equal(await tab.started(), "app", path);
    await tab.page.getByRole("heading", { name: /nothing at this address/i }).waitFor();
    assert.ok((await tab.page.locator(".patterns").getByRole("link").count()) >= 8, "the ways on");
    clean(tab);
    await tab.close();
  }
});

test("a following link opens another run in the same tab, and back returns", async () => {
  const tab = await openLab("#/lab/saga/shop?at=9");
  const { page } = tab;
  const here = await moment(page);
  assert.equal(here.state, 9);
  await page.evaluate(() => {
    location.hash = "#/lab/two-phase-commit/textbook";
  });
  await page.locator(".lab").getByText("Service 1").first().waitFor();
  await page.goBack();
  await waitForState(page, 9);
  assert.deepEqual(await moment(page), here);
  clean(tab);
  await tab.close();
});

test("a long run is recorded without freezing the page", async () => {
  const tab = await openLab("#/lab/two-phase-commit/shop?view=setup");
  const { page } = tab;
  const set = async (name, value) => {
    const field = page.getByLabel(name, { exact: true });
    await field.fill(value);
    await field.press("Enter");
  };
  await set("The run ends after", "60000");
  await set("Orders", "400");
  await page.waitForFunction(() => Number(document.querySelector(".lab").dataset.steps) > 6000, null, { polling: 100, timeout: 60_000 });
  await page.keyboard.press("Escape");
  await page.locator(".lab h1").first().evaluate((e) => e.ownerDocument.activeElement.blur());
  await page.keyboard.press("End");
  const { state, steps } = await moment(page);
  assert.equal(state, steps);
  clean(tab);
  await tab.close();
});
